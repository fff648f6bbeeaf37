// The text files of the project, as git would commit them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ name: string, text: string, lines: string[] }} File `name` is the path from the root, with slashes */

/** @param {string} root @returns {File[]} */
export function readTree(root) {
  const ignored = ignoreRules(root);
  /** @type {File[]} */
  const files = [];
  const walk = (/** @type {string} */ folder) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.posix.join(folder, entry.name);
      if (entry.name === '.git' || ignored(name, entry.name, entry.isDirectory())) continue;
      if (entry.isDirectory()) walk(name);
      else if (entry.isFile()) {
        const text = readFileSync(path.join(root, name), 'utf8');
        if (!text.includes('\0')) files.push({ name, text, lines: text.replace(/\n$/, '').split('\n') });
      }
    }
  };
  walk('');
  return files;
}

/** .gitignore as this project writes it: globs with `*`, and a slash at the end for folders. @param {string} root */
function ignoreRules(root) {
  const rules = readFileSync(path.join(root, '.gitignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      folder: line.endsWith('/'),
      glob: new RegExp(`^${line.replace(/\/$/, '').replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`),
    }));
  return (/** @type {string} */ name, /** @type {string} */ base, /** @type {boolean} */ isFolder) =>
    rules.some(({ folder, glob }) => (isFolder || !folder) && (glob.test(base) || glob.test(name)));
}

/**
 * The text with its comments blanked and every line where it was; good for TypeScript and for C++.
 * @param {string} text
 */
export function withoutComments(text) {
  const stringOrComment = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(stringOrComment, (found) => (/^\/[/*]/.test(found) ? found.replace(/[^\n]/g, ' ') : found));
}

/** @param {string} text @param {number} index */
export const lineAt = (text, index) => text.slice(0, index).split('\n').length;
