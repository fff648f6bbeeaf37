import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/**
 * Writes files into a folder. All are written under another name first: a new folder appears as a whole; in a folder that
 * is there, they replace those of the same name, and others stay. In one go, so that nothing can end the program half way.
 *
 * @param files name, with `/` between folders, to text
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  const target = path.resolve(folder);
  const part = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.part`);
  try {
    mkdirSync(part);
    for (const [name, text] of files) {
      mkdirSync(path.dirname(path.join(part, name)), { recursive: true });
      writeFileSync(path.join(part, name), text);
    }
    if (!existsSync(target)) {
      renameSync(part, target);
      return;
    }
    for (const name of files.keys()) {
      mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
      renameSync(path.join(part, name), path.join(target, name));
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}
