import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Input } from './data/inputs.js';
import { partialName } from './data/partial.js';
import { runChild } from './run-child.js';

const script = fileURLToPath(new URL('./data/prepare.ts', import.meta.url));

/** Makes the input file unless it is there. When that is broken off, what it has written so far is removed. */
export async function makeInput(input: Input, signal: AbortSignal): Promise<void> {
  if (existsSync(input.file)) return;
  process.stderr.write(`making ${input.file}\n`);
  const command = {
    file: process.execPath,
    args: ['--import', 'tsx', script, JSON.stringify(input)],
    env: process.env,
  };
  let pid = 0;
  let isMade = false;
  try {
    const outcome = await runChild(command, {
      signal,
      showErrors: true,
      onStart: (started) => {
        pid = started;
      },
    });
    if ('failed' in outcome) throw new Error(`${input.file} could not be made ${outcome.failed}`);
    isMade = true;
  } finally {
    for (const file of isMade ? [] : [input.file, input.csv]) {
      if (file !== undefined) rmSync(partialName(file, pid), { force: true });
    }
  }
}
