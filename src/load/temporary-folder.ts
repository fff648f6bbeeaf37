import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../errors.js';

const pending = new Set<string>();
const removePending = (): void => {
  for (const folder of pending) rmSync(folder, { recursive: true, force: true });
};

/**
 * A private folder (mode 0700) in the system's temporary folder, made when first asked for. `remove` takes it away;
 * what is left when the process exits before that is removed then.
 */
export class TemporaryFolder {
  #folder: string | undefined;
  #files = 0;

  /** A path in the folder for a file that does not exist yet; the name is ours, never one read from an archive. */
  async newFile(): Promise<string> {
    if (this.#folder === undefined) {
      this.#folder = join(tmpdir(), `palate-${randomUUID()}`);
      if (pending.size === 0) process.on('exit', removePending);
      pending.add(this.#folder);
      await mkdir(this.#folder, { mode: 0o700 }).catch((cause: Error) => {
        const why = `cannot make a folder in the temporary folder (TMPDIR names another): ${cause.message}`;
        throw new DataError(why, { file: tmpdir(), cause });
      });
    }
    this.#files += 1;
    return join(this.#folder, `${this.#files}.tmp`);
  }

  async remove(): Promise<void> {
    if (this.#folder === undefined) return;
    const folder = this.#folder;
    this.#folder = undefined;
    await rm(folder, { recursive: true, force: true });
    pending.delete(folder);
    if (pending.size === 0) process.off('exit', removePending);
  }
}
