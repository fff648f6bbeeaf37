import process from 'node:process';
import cliProgress from 'cli-progress';
import type { EpochReport, LoadProgress } from '../index.js';
import { count, measure } from './output.js';

/** Shows on stderr how far training is: a bar on a terminal, else a plain line now and then. */
export interface Progress {
  update(report: EpochReport): void;
  /** Removes the bar; called once, however training ended. */
  stop(): void;
}

/** Least time between two plain lines. */
const LINE_MS = 2000;

/** Progress of `epochs` epochs of what `label` names. */
export function epochProgress(label: string, epochs: number): Progress {
  return process.stderr.isTTY ? bar(label, epochs) : lines(label, epochs);
}

function bar(label: string, epochs: number): Progress {
  const single = new cliProgress.SingleBar(
    {
      format: `${label} {bar} epoch {value}/{total}  loss {loss}{valid}  {eta_formatted} left`,
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
      // The command's own signal handling stops the bar; a second handler would keep a second Ctrl-C from killing.
      gracefulExit: false,
    },
    cliProgress.Presets.legacy,
  );
  single.start(epochs, 0, { loss: '-', valid: '' });
  return {
    update: (report) => single.update(report.epoch, { loss: measure(report.train.loss), valid: validText(report) }),
    stop: () => single.stop(),
  };
}

function lines(label: string, epochs: number): Progress {
  let last = -Infinity;
  return {
    update: (report) => {
      const now = performance.now();
      if (now - last < LINE_MS && report.epoch !== epochs) return;
      last = now;
      const loss = measure(report.train.loss);
      process.stderr.write(`${label}: epoch ${report.epoch}/${epochs}  loss ${loss}${validText(report)}\n`);
    },
    stop: () => {},
  };
}

const validText = ({ valid }: EpochReport): string => (valid === undefined ? '' : `  valid ${measure(valid.loss)}`);

/** Progress of reading a file on one line of stderr; a read that is done within a second or two shows nothing. */
export function readProgress(label: string): { update: (progress: LoadProgress) => void; stop: () => void } {
  const terminal = process.stderr.isTTY;
  let last = performance.now();
  let shown = false;
  return {
    update: ({ phase, unit, done, total }) => {
      const now = performance.now();
      if (now - last < (terminal && shown ? LINE_MS / 10 : LINE_MS)) return;
      last = now;
      shown = true;
      const share = total === undefined || total <= 0 ? '' : ` of ${count(Math.max(done, total))}`;
      const line = `${label}: ${phase} ${count(done)}${share} ${unit}`;
      process.stderr.write(terminal ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    stop: () => {
      if (terminal && shown) process.stderr.write('\r\u001b[2K');
    },
  };
}
