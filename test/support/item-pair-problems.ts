/** Small random problems for the native ItemPairTrainer, and ways to run them. */
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { ItemPairConfig, NativeItemPairEpoch, NativeItemPairTrainer } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { newFlag } from './train-problems.js';

export interface PairShape {
  histories: number;
  items: number;
  /** Of each history at most; between none and so many. */
  longest: number;
  dim: number;
  /** Histories to validate on. Default none. */
  valid?: number;
}

/** Histories of distinct items in random order, small indices more often. */
function drawHistories(random: Random, count: number, items: number, longest: number) {
  const lists = Array.from({ length: count }, () => {
    const length = Math.min(random.below(longest + 1), items);
    const chosen = new Set<number>();
    while (chosen.size < length) chosen.add(Math.min(random.below(items), random.below(items)));
    return [...chosen];
  });
  const offsets = Uint32Array.from([0, ...lists.map((_, n) => lists.slice(0, n + 1).flat().length)]);
  const ascending = lists.map((list) => list.toSorted((a, b) => a - b));
  return { offsets, items: Uint32Array.from(lists.flat()), seen: Uint32Array.from(ascending.flat()) };
}

/** Every item may be drawn but the last, which no history has where there are others. */
export function itemPairConfig(shape: PairShape, options: Partial<ItemPairConfig> = {}): ItemPairConfig {
  const random = new Random(11);
  const used = Math.max(1, shape.items - 1);
  const { offsets, items, seen } = drawHistories(random, shape.histories, used, shape.longest);
  const valid = drawHistories(random, shape.valid ?? 0, used, shape.longest);
  const noise = Float64Array.from({ length: shape.items }, (_, i) => (i < used ? (1 + random.below(50)) ** 0.75 : 0));
  return {
    numItems: shape.items,
    dim: shape.dim,
    offsets,
    items,
    seenItems: options.rejectSeen === true ? seen : new Uint32Array(0),
    validOffsets: shape.valid === undefined ? new Uint32Array(0) : valid.offsets,
    validItems: valid.items,
    noise,
    chances: new Float32Array(0),
    logNoise: new Float32Array(0),
    objective: 'negativeSampling',
    window: 3,
    pairsPerItem: 4,
    pairsPerChunk: 2 ** 22,
    pairsPerRound: 2 ** 13,
    negatives: 5,
    rejectSeen: false,
    initStd: 0.5,
    seed: 7,
    threads: 1,
    ...options,
  };
}

/** Logarithms of the noise, as training with a correction has them; 0 where there is none. */
export const logNoiseOf = ({ noise }: ItemPairConfig): Float32Array =>
  Float32Array.from(noise, (weight) => (weight > 0 ? Math.log(weight) : 0));

export const newPairTrainer = (config: ItemPairConfig): NativeItemPairTrainer => new (native().ItemPairTrainer)(config);

export function readTables(trainer: NativeItemPairTrainer, { numItems, dim }: ItemPairConfig) {
  const tables = { inputs: new Float32Array(numItems * dim), outputs: new Float32Array(numItems * dim) };
  trainer.read(tables);
  return tables;
}

export type Rates = readonly (readonly [number, number])[];

/** Runs one epoch after the other; all must end well. */
export async function runPairEpochs(trainer: NativeItemPairTrainer, rates: Rates): Promise<NativeItemPairEpoch[]> {
  const results: NativeItemPairEpoch[] = [];
  for (const [epoch, [rate, lastRate]] of rates.entries()) {
    const result = await trainer.runEpoch(epoch, rate, lastRate, newFlag());
    assert.is(result.status, 'ok');
    results.push(result);
  }
  return results;
}
