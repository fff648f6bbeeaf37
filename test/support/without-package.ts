/** A module for `node --import` after which the package `name` cannot be found. */
export function withoutPackage(name: string): string {
  const hook = `export async function resolve(specifier, context, next) {
    if (specifier === '${name}') throw Object.assign(new Error("Cannot find package '${name}'"), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(specifier, context);
  }`;
  return asModule(`import { register } from 'node:module'; register(${JSON.stringify(asModule(hook))});`);
}

const asModule = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
