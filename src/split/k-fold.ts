import type { Dataset } from '../dataset/dataset.js';
import { Random } from '../dataset/random.js';
import { expectInt, expectKnownKeys } from '../options.js';
import { drawParts, partOf, partSizes } from './parts.js';

/** Options of `kFold`. */
export interface KFoldOptions {
  /** 2 … 65,535, default 5; at most the number of interactions. */
  folds?: number;
  /** Default 42. */
  seed?: number;
}

/**
 * Cross-validation: interactions are dealt at random to folds whose sizes differ by at most one; each is the test part
 * once, with all others as train. All folds are in memory together: together `folds` times the size of the data.
 */
export function kFold(data: Dataset, options: KFoldOptions = {}): { train: Dataset; test: Dataset }[] {
  expectKnownKeys('kFold', options, ['folds', 'seed']);
  const size = data.numInteractions;
  const folds = expectInt('folds', options.folds ?? 5, { min: 2, max: Math.max(2, Math.min(size, 65_535)) });
  const random = new Random(expectInt('seed', options.seed ?? 42));
  const labels = new Uint16Array(size);
  drawParts(labels, 0, size, partSizes(size, new Array<number>(folds).fill(1 / folds)), random);
  return Array.from({ length: folds }, (_, fold) => ({
    train: partOf(data, labels, fold, false),
    test: partOf(data, labels, fold),
  }));
}
