/** Watches a loss; says when it has not improved for `patience` epochs. Patience 0: never stops, never saves. */
export class EarlyStopping {
  readonly #patience: number;
  #best = Number.POSITIVE_INFINITY;
  #since = 0;

  constructor(patience: number) {
    this.#patience = patience;
  }

  get active(): boolean {
    return this.#patience > 0;
  }

  /** Takes the loss of an epoch: whether it is the best so far, and whether to stop. */
  observe(loss: number): { best: boolean; stop: boolean } {
    if (loss < this.#best) {
      this.#best = loss;
      this.#since = 0;
      return { best: true, stop: false };
    }
    this.#since++;
    return { best: false, stop: this.active && this.#since >= this.#patience };
  }
}
