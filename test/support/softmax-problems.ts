import type { NativeSoftmaxTrainer, SoftmaxConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import type { SoftmaxParameters } from '../oracle/softmax.js';
import { OracleRng } from '../oracle/train-rng.js';

export interface SoftmaxShape {
  users: number;
  items: number;
  /** Chance that a user has an item. */
  density: number;
  dim: number;
}

function randomLists({ users, items, density }: SoftmaxShape, seed: number) {
  const rng = new OracleRng(seed, 1000n);
  const offsets = [0];
  const list: number[] = [];
  for (let user = 0; user < users; user++) {
    for (let item = 0; item < items; item++) if (rng.below(1000) < density * 1000) list.push(item);
    offsets.push(list.length);
  }
  return { offsets: Uint32Array.from(offsets), items: Uint32Array.from(list) };
}

/** A whole configuration over random lists; `valid` adds lists of their own to validate on. */
export function softmaxConfig(
  shape: SoftmaxShape,
  options: Partial<SoftmaxConfig> & { valid?: boolean } = {},
): SoftmaxConfig {
  const { valid = false, ...rest } = options;
  const { offsets, items } = randomLists(shape, 1);
  const validLists = valid ? randomLists(shape, 2) : { offsets: new Uint32Array(0), items: new Uint32Array(0) };
  return {
    numItems: shape.items,
    offsets,
    items,
    validOffsets: validLists.offsets,
    validItems: validLists.items,
    fractions: Float64Array.of(1, 0, 0),
    dim: shape.dim,
    hidden: 0,
    tables: 1,
    dropout: 0,
    layerNorm: false,
    itemBiases: false,
    selfMask: false,
    singlePairs: false,
    batchSize: 64,
    regularization: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    clipNorm: 0,
    seed: 7,
    threads: 2,
    ...rest,
  };
}

export function newSoftmaxTrainer(config: SoftmaxConfig): NativeSoftmaxTrainer {
  return new (native().SoftmaxTrainer)(config);
}

export function readSoftmax(trainer: NativeSoftmaxTrainer, config: SoftmaxConfig) {
  const { numItems, dim, hidden, layerNorm, itemBiases } = config;
  const network = hidden > 0 ? 2 * hidden * dim + hidden + dim : 0;
  const target = {
    inputs: new Float32Array(numItems * dim),
    outputs: new Float32Array(numItems * dim),
    biases: new Float32Array(itemBiases ? numItems : 0),
    weights: new Float32Array(network + (layerNorm ? 2 * dim : 0)),
  };
  trainer.read(target);
  return target;
}

/** The parameters in float64, as the oracle takes them. */
export function readParameters(trainer: NativeSoftmaxTrainer, config: SoftmaxConfig): SoftmaxParameters {
  const { inputs, outputs, biases, weights } = readSoftmax(trainer, config);
  const table = Float64Array.from(inputs);
  return {
    inputs: table,
    outputs: config.tables === 1 ? table : Float64Array.from(outputs),
    biases: Float64Array.from(biases),
    weights: Float64Array.from(weights),
  };
}
