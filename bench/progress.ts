/** Shows on a stream what is being run. */
export interface Progress {
  /** A run begins. */
  begin(label: string): void;
  /** The run has ended. */
  end(line: string): void;
  /** `runs` runs will not take place, and why. */
  note(line: string, runs: number): void;
  /** Takes away what only a terminal shows. */
  stop(): void;
}

/** A line a run with the share of all `total` runs; on a terminal also one line, rewritten, for the run under way. */
export function newProgress(total: number, stream: NodeJS.WriteStream): Progress {
  let done = 0;
  const share = (): string => `[${String(Math.floor((100 * done) / total)).padStart(3)}%]`;
  const clear = (): void => {
    if (stream.isTTY) stream.write('\r\u001b[2K');
  };
  const finish = (line: string, runs: number): void => {
    clear();
    done += runs;
    stream.write(`${share()} ${line}\n`);
  };
  return {
    begin: (label) => {
      clear();
      if (stream.isTTY) stream.write(`${share()} ${label} …`.slice(0, Math.max(20, stream.columns - 1)));
    },
    end: (line) => finish(line, 1),
    note: finish,
    stop: clear,
  };
}
