/** When a trial is measured against the others, and how many of them go on. */
export interface RungOptions {
  /** Epoch of the first rung. */
  minEpochs: number;
  /** The next rung is at `factor` times the epochs; the best 1 / `factor` of a rung go on. */
  factor: number;
}

interface Waiting {
  trial: number;
  rung: number;
  answer: (goesOn: boolean) => void;
}

/**
 * The rungs of asynchronous successive halving in its stopping form (Li et al. 2020, "A System for Massively Parallel
 * Hyperparameter Tuning", section 3): nobody waits for a rung to fill; a trial goes on when it is among the best
 * floor(n / factor), one at least, of the n that have reached its rung.
 *
 * Whoever arrives is compared with the trials of lower numbers alone, as if trials ran one after another: so the answers
 * do not depend on which of several running trials is faster.
 */
export class Rungs {
  readonly #options: RungOptions;
  /** Of each rung: scores by trial. */
  readonly #scores: Map<number, number>[] = [];
  /** Of each trial: rungs that it has reached; Infinity once it has ended. */
  readonly #reached: number[];
  #waiting: Waiting[] = [];
  #closed = false;

  constructor(options: RungOptions, trials: number) {
    this.#options = options;
    this.#reached = new Array<number>(trials).fill(0);
  }

  /** The number, from 0, of the rung at an epoch; undefined where there is none. */
  rungAt(epoch: number): number | undefined {
    const { minEpochs, factor } = this.#options;
    for (let rung = 0, at = minEpochs; at <= epoch; rung++, at *= factor) if (at === epoch) return rung;
    return undefined;
  }

  /**
   * Whether a trial goes on from a rung, smaller scores being better and NaN the worst; of equal ones the lower number.
   * The answer comes once every trial of a lower number has reached this rung or ended.
   */
  arrive(trial: number, rung: number, score: number): Promise<boolean> {
    this.#reached[trial] = rung + 1;
    this.#scores[rung] ??= new Map();
    this.#scores[rung].set(trial, Number.isNaN(score) ? Number.POSITIVE_INFINITY : score);
    const answer = new Promise<boolean>((resolve) => {
      this.#waiting.push({ trial, rung, answer: resolve });
    });
    this.#answerAll();
    return answer;
  }

  /** The trial reaches no further rung. */
  end(trial: number): void {
    this.#reached[trial] = Number.POSITIVE_INFINITY;
    this.#answerAll();
  }

  /** Sends home everyone who waits, and who still comes: the search is over. */
  close(): void {
    this.#closed = true;
    this.#answerAll();
  }

  #answerAll(): void {
    const isReady = ({ trial, rung }: Waiting): boolean =>
      this.#closed || this.#reached.slice(0, trial).every((reached) => reached > rung);
    const ready = this.#waiting.filter(isReady);
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting));
    for (const { trial, rung, answer } of ready) answer(!this.#closed && this.#isAmongBest(trial, rung));
  }

  #isAmongBest(trial: number, rung: number): boolean {
    const scores = this.#scores[rung] as Map<number, number>;
    const mine = scores.get(trial) as number;
    const earlier = [...scores].filter(([other]) => other < trial);
    const better = earlier.filter(([, score]) => score <= mine).length;
    return better < Math.max(1, Math.floor((earlier.length + 1) / this.#options.factor));
  }
}
