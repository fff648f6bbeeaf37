declare module 'node-gyp-build' {
  const load: ((folder: string) => unknown) & { resolve(folder: string): string };
  export default load;
}
