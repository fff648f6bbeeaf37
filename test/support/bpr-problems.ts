/** Small random problems for the native BprTrainer, and ways to run them. */
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { BprConfig, NativeBprEpoch, NativeBprTrainer } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { newFlag } from './train-problems.js';

export interface BprShape {
  users: number;
  items: number;
  /** Of each user at most; between none and so many. */
  most: number;
  dim: number;
  /** Pairs of each user to validate on, at most. Default none. */
  valid?: number;
}

/** Distinct items of each user, ascending; small indices more often. */
function drawLists(random: Random, users: number, items: number, most: number) {
  const lists = Array.from({ length: users }, () => {
    const length = Math.min(random.below(most + 1), items);
    const chosen = new Set<number>();
    while (chosen.size < length) chosen.add(Math.min(random.below(items), random.below(items)));
    return [...chosen].sort((a, b) => a - b);
  });
  let end = 0;
  const offsets = Uint32Array.from([0, ...lists.map(({ length }) => (end += length))]);
  return { offsets, items: Uint32Array.from(lists.flat()) };
}

/** Every item may be drawn but the last, which no user has where there are others. */
export function bprConfig(shape: BprShape, options: Partial<BprConfig> = {}): BprConfig {
  const random = new Random(5);
  const used = Math.max(1, shape.items - 1);
  const { offsets, items } = drawLists(random, shape.users, used, shape.most);
  const valid = drawLists(random, shape.users, used, shape.valid ?? 0);
  return {
    numUsers: shape.users,
    numItems: shape.items,
    offsets,
    items,
    validOffsets: valid.offsets,
    validItems: valid.items,
    noise: Float64Array.from({ length: shape.items }, (_, i) => (i < used ? 1 + random.below(50) : 0)),
    dim: shape.dim,
    optimizer: 'sgd',
    epsilon: 1e-8,
    biases: true,
    biasLearningRate: 1,
    regularizationUser: 0,
    regularizationItem: 0,
    regularizationBias: 0,
    negatives: 1,
    rejectSeen: true,
    pairsPerChunk: 2 ** 22,
    initStd: 0.5,
    seed: 7,
    threads: 1,
    ...options,
  };
}

export const newBprTrainer = (config: BprConfig): NativeBprTrainer => new (native().BprTrainer)(config);

export function readBpr(trainer: NativeBprTrainer, { numUsers, numItems, dim }: BprConfig) {
  const arrays = {
    userFactors: new Float32Array(numUsers * dim),
    itemFactors: new Float32Array(numItems * dim),
    itemBiases: new Float32Array(numItems),
  };
  trainer.read(arrays);
  return arrays;
}

/** Runs one epoch after the other, each with its learning rate; all must end well. */
export async function runBprEpochs(trainer: NativeBprTrainer, rates: readonly number[]): Promise<NativeBprEpoch[]> {
  const results: NativeBprEpoch[] = [];
  for (const [epoch, rate] of rates.entries()) {
    const result = await trainer.runEpoch(epoch, rate, newFlag());
    assert.is(result.status, 'ok');
    results.push(result);
  }
  return results;
}
