import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../errors.js';

/**
 * Rejects a file that could not be written in the end, or should not be, before the work begins. `flag` names the
 * option, `inputs` the files that the command reads.
 */
export async function checkWritable(
  file: string,
  flag: string,
  inputs: readonly (string | undefined)[] = [],
): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  const above = await statOrUndefined(folder);
  if (above === undefined) throw new DataError(`${flag} ${file}: the folder ${folder} does not exist`, { file });
  if (!above.isDirectory()) throw new DataError(`${flag} ${file}: ${folder} is not a folder`, { file });
  const there = await statOrUndefined(file);
  if (there?.isDirectory()) throw new DataError(`${flag} ${file} is a folder`, { file });
  // The new file takes the place of the old one: of /dev/null nothing would be left.
  if (there && !there.isFile()) throw new DataError(`${flag} ${file} is a device or pipe, not a file`, { file });
  for (const input of inputs) {
    const read = there && input !== undefined ? await statOrUndefined(input) : undefined;
    if (there && read?.ino === there.ino && read.dev === there.dev) {
      throw new DataError(`${flag} ${file} is a file that this command reads`, { file });
    }
  }
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DataError(`${flag} ${file}: the folder ${folder} is not writable`, { file, cause });
  }
}

/** What is at a path; undefined when there is nothing. */
export async function statOrUndefined(file: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
