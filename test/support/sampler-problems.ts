/** Small random problems for the native Sampler. */
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { NativeSampler, NativeSweep, SamplerConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { newFlag, type Shape, trainerConfig } from './train-problems.js';

export interface SamplerShape extends Shape {
  /** Levels of moments. */
  levels?: number;
}

const userSizes = [3, 4];
const itemSizes = [5, 2];
const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

const listsOf = (offsets: Uint32Array, rows: number): Uint32Array =>
  offsets.length === 0 ? new Uint32Array(rows + 1) : offsets;

/** Each user's ratings cut at random; finer levels cut the labels of the one before. */
function cutMoments(
  random: Random,
  { numUsers, offsets, items }: Pick<SamplerConfig, 'numUsers' | 'offsets' | 'items'>,
  count: number,
) {
  const sizes: number[] = [];
  const users: number[] = [];
  const starts: number[] = [];
  const parents: number[] = [];
  let cuts = new Set<number>();
  let queryRows = new Uint32Array(items.length);
  for (let user = 0; user < numUsers; user++) queryRows.fill(user, offsets[user], offsets[user + 1]);
  let first = numUsers;
  for (let level = 0; level < count; level++) {
    cuts = new Set([...cuts, ...Array.from(items.keys()).filter(() => random.below(3) === 0)]);
    const finer = new Uint32Array(items.length);
    let size = 0;
    users.push(0);
    for (let user = 0; user < numUsers; user++) {
      for (let t = offsets[user]; t < offsets[user + 1]; t++) {
        if (t === offsets[user] || cuts.has(t)) {
          starts.push(t);
          parents.push(queryRows[t]);
          size++;
        }
        finer[t] = first + size - 1;
      }
      users.push(size);
    }
    starts.push(items.length);
    sizes.push(size);
    first += size;
    queryRows = finer;
  }
  return {
    levelSizes: Uint32Array.from(sizes),
    levelUsers: Uint32Array.from(users),
    levelOffsets: Uint32Array.from(starts),
    levelParents: Uint32Array.from(parents),
    queryRows,
  };
}

/** The last user and the last item have no ratings where there are others. */
export function samplerConfig(shape: SamplerShape, options: Partial<SamplerConfig> = {}): SamplerConfig {
  const c = trainerConfig(shape);
  const { fields = 'none', levels = 0 } = shape;
  const itemStart = fields === 'both' ? total(userSizes) : 0;
  return {
    numUsers: c.numUsers,
    numItems: c.numItems,
    dim: c.dim,
    offsets: c.offsets,
    items: c.items,
    values: c.values,
    categories: new Uint8Array(0),
    categoryValues: new Float64Array(0),
    ...cutMoments(new Random(shape.seed ?? 1), c, levels),
    userFieldSizes: Uint32Array.from(fields === 'both' ? userSizes : []),
    userFeatureOffsets: listsOf(c.userFeatureOffsets, c.numUsers),
    userFeatures: c.userFeatures,
    userFeatureWeights: c.userFeatureWeights,
    itemFieldSizes: Uint32Array.from(fields === 'none' ? [] : itemSizes),
    itemFeatureOffsets: listsOf(c.itemFeatureOffsets, c.numItems),
    itemFeatures: c.itemFeatures.map((feature) => feature - itemStart),
    itemFeatureWeights: c.itemFeatureWeights,
    validQueries: c.validUsers,
    validItems: c.validItems,
    validValues: c.validValues,
    rangeMin: 0.5,
    rangeMax: 5,
    globalBias: 2.75,
    initStd: 0.3,
    range: 16,
    corange: 48,
    seed: 7,
    threads: 1,
    ...options,
  };
}

/** The same with ordinal ratings: the lowest ratings are the first of `count` categories, and so on. */
export function ordinalConfig(shape: SamplerShape, count: number, options: Partial<SamplerConfig> = {}): SamplerConfig {
  const config = samplerConfig(shape, { globalBias: 0, ...options });
  const { values } = config;
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b] || a - b);
  const categories = new Uint8Array(values.length);
  for (const [rank, t] of order.entries()) categories[t] = Math.floor((rank * count) / order.length);
  return { ...config, categories, categoryValues: Float64Array.from({ length: count }, (_, c) => 0.5 + c ** 1.2) };
}

export const newSampler = (config: SamplerConfig): NativeSampler => new (native().Sampler)(config);

const numLabels = (c: SamplerConfig): number => total([...c.levelSizes]);

/** The current sample. */
export function readSample(sampler: NativeSampler, c: SamplerConfig) {
  const features = c.numUsers + c.numItems + total([...c.userFieldSizes]) + total([...c.itemFieldSizes]) + numLabels(c);
  const fields = 2 + c.userFieldSizes.length + c.itemFieldSizes.length + c.levelSizes.length;
  const target = {
    values: new Float32Array((c.dim + 1) * features),
    means: new Float32Array((c.dim + 1) * fields),
    precisions: new Float32Array((c.dim + 1) * fields),
    cutpoints: new Float32Array(Math.max(0, c.categoryValues.length - 1)),
  };
  return { ...target, ...sampler.readSample(target) };
}

/** The running sums. */
export function readSums(sampler: NativeSampler, c: SamplerConfig) {
  const queries = c.numUsers + numLabels(c);
  const target = {
    querySketch: new Float32Array(queries * c.range),
    itemSketch: new Float32Array(c.numItems * c.corange),
    mixed: new Float32Array(c.corange * c.range),
    queryBiases: new Float64Array(queries),
    itemBiases: new Float64Array(c.numItems),
    cutpoints: new Float64Array(Math.max(0, c.categoryValues.length - 1)),
  };
  return { ...target, ...sampler.read(target), range: c.range, corange: c.corange };
}

/** Runs sweeps 0, 1, ...; all must end well. */
export async function runSweeps(sampler: NativeSampler, count: number, burnIn = 0): Promise<NativeSweep[]> {
  const results: NativeSweep[] = [];
  for (let sweep = 0; sweep < count; sweep++) {
    const result = await sampler.runSweep(sweep, sweep >= burnIn, newFlag());
    assert.is(result.status, 'ok');
    results.push(result);
  }
  return results;
}
