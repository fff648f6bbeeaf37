/** Small random training problems for the native Trainer, and ways to run them. */
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { NativeEpoch, NativeTrainer, TrainerConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import type { OracleParameters, OracleRows } from '../oracle/train-loss.js';

export interface Shape {
  users: number;
  items: number;
  ratings: number;
  dim: number;
  /** Shared features: on no side, on items alone, or on both. */
  fields?: 'none' | 'items' | 'both';
  valid?: number;
  seed?: number;
}

/** Labels of each field and how many of them a row may have. */
const userFields = [
  { labels: 3, most: 1 },
  { labels: 4, most: 2 },
];
const itemFields = [
  { labels: 5, most: 3 },
  { labels: 2, most: 1 },
];

interface Lists {
  offsets: Uint32Array;
  features: Uint32Array;
  weights: Float32Array;
}

const noLists: Lists = {
  offsets: new Uint32Array(0),
  features: new Uint32Array(0),
  weights: new Float32Array(0),
};

/** Random active labels, 0 to `most` of each field, with weights 1 / sqrt(active). */
function drawLists(random: Random, rows: number, fields: typeof userFields, start: number): Lists {
  const offsets = new Uint32Array(rows + 1);
  const features: number[] = [];
  const weights: number[] = [];
  for (let row = 0; row < rows; row++) {
    let begin = start;
    for (const { labels, most } of fields) {
      const count = random.below(most + 1);
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(begin + random.below(labels));
      for (const feature of chosen) {
        features.push(feature);
        weights.push(1 / Math.sqrt(count));
      }
      begin += labels;
    }
    offsets[row + 1] = features.length;
  }
  return { offsets, features: Uint32Array.from(features), weights: Float32Array.from(weights) };
}

const labelsOf = (fields: typeof userFields): number => fields.reduce((total, { labels }) => total + labels, 0);

/** Ratings 0.5 to 5; the last user and the last item have none where there are others. */
export function trainerConfig(shape: Shape, options: Partial<TrainerConfig> = {}): TrainerConfig {
  const random = new Random(shape.seed ?? 1);
  const { users, items, dim, fields = 'none' } = shape;
  const rated = { users: Math.max(1, users - 1), items: Math.max(1, items - 1) };
  const ofUser: Set<number>[] = Array.from({ length: users }, () => new Set());
  const size = Math.min(shape.ratings, rated.users * rated.items);
  for (let n = 0; n < size; ) {
    const row = ofUser[random.below(rated.users)];
    const item = random.below(rated.items);
    if (row.has(item)) continue;
    row.add(item);
    n++;
  }
  const drawRating = (): number => (1 + random.below(10)) / 2;
  const offsets = new Uint32Array(users + 1);
  const rows = ofUser.map((row) => Array.from(row).sort((a, b) => a - b));
  for (const [user, row] of rows.entries()) offsets[user + 1] = offsets[user] + row.length;
  const itemStart = fields === 'both' ? labelsOf(userFields) : 0;
  const userLists = fields === 'both' ? drawLists(random, users, userFields, 0) : noLists;
  const itemLists = fields === 'none' ? noLists : drawLists(random, items, itemFields, itemStart);
  const valid = shape.valid ?? 0;
  return {
    numUsers: users,
    numItems: items,
    numFeatures: options.implicitTerm ? items : fields === 'none' ? 0 : itemStart + labelsOf(itemFields),
    dim,
    offsets,
    items: Uint32Array.from(rows.flat()),
    values: Float32Array.from({ length: size }, drawRating),
    validUsers: Uint32Array.from({ length: valid }, () => random.below(users)),
    validItems: Uint32Array.from({ length: valid }, () => random.below(items)),
    validValues: Float32Array.from({ length: valid }, drawRating),
    userFeatureOffsets: userLists.offsets,
    userFeatures: userLists.features,
    userFeatureWeights: userLists.weights,
    itemFeatureOffsets: itemLists.offsets,
    itemFeatures: itemLists.features,
    itemFeatureWeights: itemLists.weights,
    implicitTerm: false,
    withinSide: fields !== 'none',
    objective: 'squared',
    link: 'identity',
    rangeMin: 0.5,
    rangeMax: 5,
    globalBias: 0.25,
    trainGlobalBias: false,
    biases: true,
    biasLearningRate: 1,
    featureLearningRate: 1,
    initStd: 0.3,
    optimizer: 'sgd',
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    regularizationUser: 0,
    regularizationItem: 0,
    regularizationBias: 0,
    regularizationFeature: 0,
    regularizationPower: 0.5,
    decoupled: false,
    lazy: false,
    batchSize: 0,
    clipNorm: 0,
    seed: 7,
    threads: 1,
    ...options,
  };
}

export const newTrainer = (config: TrainerConfig): NativeTrainer => new (native().Trainer)(config);
export const newFlag = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));

/** The parameters as native has them. */
export function readRaw(trainer: NativeTrainer, { numUsers, numItems, numFeatures, dim }: TrainerConfig) {
  const target = {
    userFactors: new Float32Array(numUsers * dim),
    itemFactors: new Float32Array(numItems * dim),
    featureFactors: new Float32Array(numFeatures * dim),
    userBiases: new Float32Array(numUsers),
    itemBiases: new Float32Array(numItems),
    featureBiases: new Float32Array(numFeatures),
  };
  return { ...target, globalBias: trainer.read(target) };
}

export function readParameters(trainer: NativeTrainer, config: TrainerConfig): OracleParameters {
  const raw = readRaw(trainer, config);
  const rows = (factors: Float32Array, biases: Float32Array): OracleRows => ({
    factors: Float64Array.from(factors),
    biases: Float64Array.from(biases),
  });
  return {
    users: rows(raw.userFactors, raw.userBiases),
    items: rows(raw.itemFactors, raw.itemBiases),
    features: rows(raw.featureFactors, raw.featureBiases),
    globalBias: raw.globalBias,
  };
}

/** Runs one epoch after the other, each with its learning rate; all must end well. */
export async function runEpochs(trainer: NativeTrainer, learningRates: readonly number[]): Promise<NativeEpoch[]> {
  const results: NativeEpoch[] = [];
  for (const [epoch, learningRate] of learningRates.entries()) {
    const result = await trainer.runEpoch(epoch, learningRate, newFlag());
    assert.is(result.status, 'ok');
    results.push(result);
  }
  return results;
}

/** Runs `body` at each SIMD level of this processor, then restores the fastest. */
export async function atEachLevel(body: (level: string) => Promise<void> | void): Promise<void> {
  try {
    for (const level of native().simdLevels().available) {
      native().setSimdLevel(level);
      await body(level);
    }
  } finally {
    native().setSimdLevel('auto');
  }
}
