/** What is wrong with a model or its file. The entry points add the path and make a ModelFileError of it. */
export class Fault extends Error {}

/** Fault in a section, in the one shape of these messages. */
export function sectionFault(section: string, problem: string, cause?: unknown): Fault {
  return new Fault(`section "${section}" ${problem}`, cause === undefined ? undefined : { cause });
}

/** Words of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
