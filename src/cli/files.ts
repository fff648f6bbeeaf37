import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../errors.js';

/** Rejects a file that could not be written in the end, before the work begins. `flag` names the option. */
export async function checkWritable(file: string, flag: string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  const found = await statOrUndefined(folder);
  if (found === undefined) throw new DataError(`${flag} ${file}: the folder ${folder} does not exist`, { file });
  if (!found.isDirectory()) throw new DataError(`${flag} ${file}: ${folder} is not a folder`, { file });
  if ((await statOrUndefined(file))?.isDirectory()) throw new DataError(`${flag} ${file} is a folder`, { file });
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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file under another name beside it and renames it when `write` is done; nothing is left when it fails. */
export async function writeWhole(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const part = path.join(path.dirname(path.resolve(file)), `.${path.basename(file)}.${process.pid}.part`);
  const handle = await open(part, 'wx');
  try {
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
