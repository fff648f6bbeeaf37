import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelFileError } from './errors.js';
import { checkModel } from './model-file/check-model.js';
import { messageOf } from './model-file/fault.js';
import { type Header, headerOf } from './model-file/header.js';
import { readModel } from './model-file/read-model.js';
import { replaceFile } from './model-file/write-file.js';
import { writeModel } from './model-file/write-model.js';
import { expectString } from './options.js';
import type { ModelData } from './types.js';

export { MODEL_FILE_VERSION } from './model-file/prefix.js';

/**
 * Writes a model to one file: a prefix of 64 bytes, sections at multiples of 64, each an Arrow IPC stream that other
 * tools can read, and a JSON header that lists them with their SHA-256. Equal models give equal bytes. An old file at
 * the path is replaced at once or not at all.
 * @throws ModelFileError when the folder is missing or not writable, the disk full, or the model not fit to be read again
 */
export async function saveModelFile(data: ModelData, file: string): Promise<void> {
  expectString('path', file);
  await explained(`Cannot save the model to ${file}`, file, async () => {
    const header: Header = headerOf(data);
    await checkModel(data);
    await checkTarget(file);
    await replaceFile(file, (handle) => writeModel(handle, data, header));
  });
}

/**
 * Reads what `saveModelFile` wrote. Its arrays are views of the bytes that were read. Trusts nothing: every checksum,
 * length, index and number is checked, and no more memory allocated than the file is long.
 * @throws ModelFileError naming what is wrong: no such file, no palate file, another version, a damaged section
 */
export async function readModelFile(file: string): Promise<ModelData> {
  expectString('path', file);
  return await explained(`Cannot read the model file ${file}`, file, async () => {
    const found = await stat(file);
    // A pipe or device could be read for ever.
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    const handle: FileHandle = await open(file, 'r');
    try {
      return await readModel(handle, (await handle.stat()).size);
    } finally {
      await handle.close();
    }
  });
}

async function checkTarget(file: string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  if (!(await isFolder(folder))) throw new Error(`the folder ${folder} does not exist`);
  if (await isFolder(file)) throw new Error('it is a folder');
}

async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** Runs `work`; whatever it throws becomes a ModelFileError that begins with `what`. */
async function explained<T>(what: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ModelFileError(`${what}: ${REASONS.get(codeOf(cause) ?? '') ?? messageOf(cause)}`, file, cause);
  }
}

/** System errors that have better words than the system's. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'no space left on the device'],
]);

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
