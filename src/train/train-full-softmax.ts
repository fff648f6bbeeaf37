import type { Dataset } from '../dataset/dataset.js';
import { DataError } from '../errors.js';
import type { FullSoftmaxOptions } from '../models/item-softmax.js';
import type { NativeSoftmaxTrainer, SoftmaxArrays, SoftmaxConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import { rangeError } from '../options.js';
import type { ItemVectorParameters } from '../types.js';
import { expectPairsFit } from './expect-pairs-fit.js';
import type { RunOptions } from './resolve-options.js';
import { runEpochs } from './run-epochs.js';
import type { Trained } from './trained.js';
import { overlayRows } from './update/overlay-rows.js';

const none = new Uint32Array(0);

/** Rows a step where the user says nothing: with few items as many would make too few steps an epoch. */
function batchSizeFor({ numItems }: Dataset, { mode }: FullSoftmaxOptions): number {
  const most = 512;
  return mode === 'pairs' ? most : Math.min(most, Math.max(MIN_BATCH, Math.ceil(numItems / 16)));
}

/** Rows that the kernel takes together: fewer take as long. */
const MIN_BATCH = 32;

function configOf(data: Dataset, options: FullSoftmaxOptions, run: RunOptions): SoftmaxConfig {
  const { validPairs, testPairs } = options;
  const { offsets, items } = data.interactions;
  const valid = run.validation?.interactions;
  return {
    numItems: data.numItems,
    offsets,
    items,
    validOffsets: valid?.offsets ?? none,
    validItems: valid?.items ?? none,
    fractions: Float64Array.of(1 - validPairs - testPairs, validPairs, testPairs),
    dim: options.dim,
    hidden: options.hidden,
    tables: options.tables === 1 ? 1 : 2,
    dropout: options.dropout,
    layerNorm: options.layerNorm,
    itemBiases: options.itemBiases,
    selfMask: options.selfMask,
    singlePairs: options.mode === 'pairs',
    batchSize: options.batchSize ?? batchSizeFor(data, options),
    regularization: options.regularization,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    clipNorm: options.clipNorm ?? 0,
    seed: run.seed,
    threads: run.threads,
    device: run.device,
  };
}

function expectShares({ validPairs, testPairs }: FullSoftmaxOptions, run: RunOptions): void {
  if (validPairs + testPairs >= 1) {
    throw rangeError('validPairs', 'a share that leaves pairs to train on besides `testPairs`', validPairs);
  }
  if (validPairs > 0 && run.validation !== undefined) {
    throw rangeError('validPairs', '0 when `validation` is given', validPairs);
  }
}

function allocate({ numItems, dim, hidden, layerNorm, itemBiases }: SoftmaxConfig): SoftmaxArrays {
  const network = hidden > 0 ? 2 * hidden * dim + hidden + dim : 0;
  return {
    inputs: new Float32Array(numItems * dim),
    outputs: new Float32Array(numItems * dim),
    biases: new Float32Array(itemBiases ? numItems : 0),
    weights: new Float32Array(network + (layerNorm ? 2 * dim : 0)),
  };
}

/** Sets the parameters from which training goes on: what the model has learnt; new items keep what was drawn for them. */
function startSoftmax(arrays: SoftmaxArrays, dim: number, known: ItemVectorParameters): void {
  const { inputs, outputs, biases, weights } = arrays;
  overlayRows(outputs, dim, known.itemFactors);
  // Of one table both are the same rows.
  overlayRows(inputs, dim, known.contextFactors ?? known.itemFactors);
  if (known.itemBiases !== undefined) biases.set(known.itemBiases);
  if (known.network !== undefined) weights.set(known.network);
}

/** Rows of items that nobody has are what the initialiser drew: as zeros they stand behind all others. */
function clearUnseen(vectors: Float32Array, data: Dataset, dim: number): void {
  data.interactions.itemCounts().forEach((count, item) => {
    if (count === 0) vectors.fill(0, item * dim, (item + 1) * dim);
  });
}

/**
 * Items are compared, and users made, by the vectors of items as outputs: by those of inputs the lists are far worse (on ten
 * percent of the ratings of ml-latest-small, ndcg@10 .107 instead of .176), and by what the network makes of the inputs
 * somewhat (.110 instead of .124 in the tied model).
 */
function parametersOf(
  { inputs, outputs, biases, weights }: SoftmaxArrays,
  data: Dataset,
  { dim, tables, itemBiases, userVector }: FullSoftmaxOptions,
): ItemVectorParameters {
  clearUnseen(outputs, data, dim);
  return {
    kind: 'itemVectors',
    dim,
    itemFactors: outputs,
    ...(tables === 2 && { contextFactors: inputs }),
    ...(itemBiases && { itemBiases: biases }),
    ...(weights.length > 0 && { network: weights }),
    userVector,
  };
}

/** Pairs of different items of one user; those held back are counted out of them. */
function expectPairs(trainer: NativeSoftmaxTrainer): void {
  if (trainer.pairs()[0] === 0) {
    throw new DataError('No pairs to learn from: itemSoftmax needs users with two items or more');
  }
}

/**
 * Trains item vectors by the softmax over all items: one native call an epoch, on a thread of its own.
 */
export async function trainFullSoftmax(data: Dataset, options: FullSoftmaxOptions, run: RunOptions): Promise<Trained> {
  run.signal?.throwIfAborted();
  expectShares(options, run);
  const config = configOf(data, options, run);
  expectPairsFit(data, config);
  const trainer = new (native().SoftmaxTrainer)(config);
  const validates = run.validation !== undefined || options.validPairs > 0;
  try {
    expectPairs(trainer);
    const arrays = allocate(config);
    if (run.initial !== undefined) {
      trainer.read(arrays);
      startSoftmax(arrays, options.dim, run.initial.parameters as ItemVectorParameters);
      trainer.write(arrays);
    }
    const { history, metrics } = await runEpochs(
      {
        ...options,
        validates,
        runEpoch: async (epoch, learningRate, cancel) => {
          const { status, seconds, trainLoss, validLoss } = await trainer.runEpoch(epoch, learningRate, cancel);
          return { status, seconds, train: { loss: trainLoss }, ...(validates && { valid: { loss: validLoss } }) };
        },
        read: () => trainer.read(arrays),
      },
      run,
    );
    // Early stopping may have kept another epoch than the last.
    trainer.write(arrays);
    if (options.testPairs > 0) metrics.testLoss = await testLoss(trainer);
    return { parameters: parametersOf(arrays, data, options), history, metrics };
  } finally {
    trainer.dispose();
  }
}

async function testLoss(trainer: NativeSoftmaxTrainer): Promise<number> {
  const { validLoss } = await trainer.scoreTest(new Int32Array(new SharedArrayBuffer(4)));
  return validLoss;
}
