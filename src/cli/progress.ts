import process from 'node:process';
import cliProgress from 'cli-progress';
import type { EpochReport, LoadProgress } from '../index.js';
import { count, measure } from './output.js';

/** Shows on stderr how far training is: a bar on a terminal, else a plain line now and then. */
export interface Progress {
  update(report: EpochReport): void;
  /** Removes what only a terminal shows; called once, however training ended. */
  stop(): void;
}

/** Least time between two plain lines, and between two states of a terminal's line. */
const LINE_MS = 2000;
const REDRAW_MS = 100;

/** Progress of training what `label` names; `epochs` is undefined where the model itself decides. */
export function epochProgress(label: string, epochs: number | undefined): Progress {
  if (process.stderr.isTTY && epochs !== undefined) return epochBar(label, epochs);
  const status = statusLine();
  const total = epochs === undefined ? '' : `/${epochs}`;
  return {
    update: (report) => {
      const isEnd = report.epoch === 1 || report.epoch === epochs;
      status.show(`${label}: epoch ${report.epoch}${total}  ${lossText(report)}`, isEnd);
    },
    stop: status.clear,
  };
}

function epochBar(label: string, epochs: number): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: `${label} {bar} epoch {value}/{total}  {losses}  {eta_formatted} left`,
      barsize: 12,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
      // The command's own signal handling stops the bar; a second handler would keep a second Ctrl-C from killing.
      gracefulExit: false,
    },
    cliProgress.Presets.legacy,
  );
  bar.start(epochs, 0, { losses: '' });
  return { update: (report) => bar.update(report.epoch, { losses: lossText(report) }), stop: () => bar.stop() };
}

const lossText = ({ train, valid }: EpochReport): string =>
  `loss ${measure(train.loss)}${valid === undefined ? '' : `  valid ${measure(valid.loss)}`}`;

/** Progress of reading a file; a read that is done within a second or two shows nothing. */
export function readProgress(label: string): { update: (progress: LoadProgress) => void; stop: () => void } {
  const status = statusLine();
  const start = performance.now();
  return {
    update: ({ phase, unit, done, total }) => {
      if (performance.now() - start < LINE_MS) return;
      const share = total === undefined || total <= 0 ? '' : ` of ${count(Math.max(done, total))}`;
      status.show(`${label}: ${phase} ${count(done)}${share} ${unit}`, false);
    },
    stop: status.clear,
  };
}

/** A line that a terminal rewrites; elsewhere a plain line every other second, or at once when it `matters`. */
export function statusLine(): { show: (line: string, matters: boolean) => void; clear: () => void } {
  const terminal = process.stderr.isTTY;
  let last = -Infinity;
  let shown = false;
  return {
    show: (line, matters) => {
      const now = performance.now();
      if (now - last < (terminal ? REDRAW_MS : LINE_MS) && !matters) return;
      last = now;
      shown = true;
      process.stderr.write(terminal ? `\r\u001b[2K${line.slice(0, process.stderr.columns - 1)}` : `${line}\n`);
    },
    clear: () => {
      if (terminal && shown) process.stderr.write('\r\u001b[2K');
    },
  };
}
