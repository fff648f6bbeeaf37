/** Where process `pid` writes a file until it is whole. Who ends that process knows what to remove. */
export const partialName = (file: string, pid: number = process.pid): string => `${file}.${pid}.part`;
