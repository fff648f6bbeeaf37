import { constants } from 'node:os';
import process from 'node:process';
import type { Command } from 'commander';
import { toJson } from './output.js';
import { kebab } from './words.js';

/** What a command hands back; printed once, as JSON or as text. */
export interface Reply {
  json: object;
  text: string;
  /** The work failed although there is something to show: this line goes to stderr, and the exit code is 1. */
  failure?: string;
}

/** What a command has of the outside world. */
export interface Io {
  json: boolean;
  /** Aborted by Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Text on stdout while the work goes on; nothing with --json. */
  print(text: string): void;
  /** A line on stderr. */
  note(line: string): void;
  /** Says what an interruption leaves; else the command's promise is that nothing was written. */
  leaves(text: string): void;
}

/** Exit codes of the command line. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The work was stopped by a signal. */
class Interrupted extends Error {
  override readonly name = 'AbortError';
}

/** Wrong usage that no parser of a single option can see; exit code 2. */
export const usageError = (message: string): TypeError =>
  Object.assign(new TypeError(message), { code: 'ERR_PALATE_OPTION' });

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

const note = (line: string): void => {
  process.stderr.write(`palate: ${oneLine(line)}\n`);
};

/** Runs the work of a command, prints what it hands back, and sets the exit code. */
export async function runCommand(command: Command, work: (io: Io) => Promise<Reply>): Promise<void> {
  const { json = false, debug = false } = command.optsWithGlobals<{ json?: boolean; debug?: boolean }>();
  const stop = new AbortController();
  let received: 'SIGINT' | 'SIGTERM' | undefined;
  const onSignal = (name: 'SIGINT' | 'SIGTERM'): void => {
    received = name;
    // The next one kills: without a handler it does what the system does.
    off();
    stop.abort(new Interrupted(`Stopped by ${name}`));
  };
  const off = (): void => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let left = 'nothing was written';
  const leaves = (text: string): void => {
    left = text;
  };
  const print = json ? () => {} : (text: string) => process.stdout.write(text);
  try {
    const reply = await work({ json, signal: stop.signal, print, note, leaves });
    process.stdout.write(json ? `${toJson(reply.json)}\n` : reply.text);
    if (reply.failure !== undefined) note(reply.failure);
    process.exitCode = reply.failure === undefined ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (received === undefined) {
      process.exitCode = reportError(error, debug, command);
    } else {
      note(`${received === 'SIGINT' ? 'Interrupted' : 'Terminated'}; ${left}`);
      // Reading in the background is not worth waiting for.
      process.exit(128 + constants.signals[received]);
    }
  } finally {
    off();
  }
}

/** One line on stderr, the stack with --debug; returns the exit code. */
export function reportError(error: unknown, debug: boolean, command?: Command): number {
  if (debug && error instanceof Error) {
    process.stderr.write(`${error.stack}\n`);
    for (let { cause } = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
      process.stderr.write(`Caused by: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
    }
  }
  const { code } = error as { code?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ERR_PALATE_OPTION') {
    note(asFlags(message, command));
    return EXIT.usage;
  }
  // Errors of ours and of the system carry a code; one without is a mistake of this program.
  const hint = typeof code === 'string' ? '' : ' (unexpected; --debug shows where)';
  note(`${message}${debug ? '' : hint}`);
  return EXIT.failed;
}

/** Options as the library names them, `learningRate`, under the flags that were typed, `--learning-rate`. */
function asFlags(message: string, command: Command | undefined): string {
  return message.replace(/`([A-Za-z]+)`/g, (quoted, name: string) => {
    const flag = `--${kebab(name)}`;
    return command?.options.some((option) => option.long === flag) ? `\`${flag}\`` : quoted;
  });
}
