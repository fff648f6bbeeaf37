import { type ChildProcess, spawn } from 'node:child_process';
import type { Command } from './drivers/command.js';

/** How a process ended: its standard output, or why it failed. */
export type Outcome = { output: string } | { failed: string };

/** Time for a child to end by itself after SIGTERM. */
const GRACE_MS = 3000;

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

function stop(child: ChildProcess): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(timer));
}

/**
 * Runs a process to its end. What it writes to standard error is shown only when it fails, then by its last line; with
 * `showErrors` it passes through.
 * @throws the signal's reason when aborted, after the process has ended.
 */
export function runChild(
  { file, args, env }: Command,
  {
    signal,
    showErrors = false,
    onStart,
  }: { signal: AbortSignal; showErrors?: boolean; onStart?: (pid: number) => void },
): Promise<Outcome> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', showErrors ? 'inherit' : 'pipe'] });
    const texts = { output: '', errors: '' };
    const onAbort = (): void => stop(child);
    signal.addEventListener('abort', onAbort, { once: true });
    if (child.pid !== undefined) onStart?.(child.pid);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      texts.output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      texts.errors += text;
    });
    child.on('error', reject);
    child.on('close', (code, by) => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve({ output: texts.output });
      else resolve({ failed: `${errorLine(texts.errors)} (${by ?? `exit code ${code}`})` });
    });
  });
}

/** The line that names the error: Node prints it before the stack, Python last. */
function errorLine(errors: string): string {
  return errors.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? (lastLine(errors) || 'no message');
}

/** The measurement that a run prints as its last line. */
export const parseLast = <T>(output: string): T => JSON.parse(lastLine(output)) as T;
