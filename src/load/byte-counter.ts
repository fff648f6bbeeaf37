import { Transform, type TransformCallback } from 'node:stream';
import type { LoadProgress } from './options.js';

export interface ByteCounterOptions {
  phase: LoadProgress['phase'];
  /** Bytes to come when that is known. */
  total: number | undefined;
  onProgress: ((progress: LoadProgress) => void) | undefined;
  /** Sees every piece and the bytes so far; what it throws ends the stream. */
  inspect(piece: Buffer, done: number): void;
}

/** Passes bytes on, counts them and reports progress with the first piece and then a few times a second. */
export class ByteCounter extends Transform {
  done = 0;
  /** What `inspect` or `onProgress` threw: no fault of the stream itself. */
  thrown: unknown;
  readonly #options: ByteCounterOptions;
  #told: number = Number.NEGATIVE_INFINITY;

  constructor(options: ByteCounterOptions) {
    super();
    this.#options = options;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const { phase, total, onProgress, inspect } = this.#options;
    this.done += piece.length;
    try {
      inspect(piece, this.done);
      const now = performance.now();
      if (onProgress !== undefined && now - this.#told > 200) {
        this.#told = now;
        onProgress({ phase, unit: 'bytes', done: this.done, total });
      }
    } catch (error) {
      this.thrown = error;
      callback(error as Error);
      return;
    }
    callback(null, piece);
  }
}
