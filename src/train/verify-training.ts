import { tableFromArrays } from 'apache-arrow';
import { Dataset } from '../dataset/dataset.js';
import { sampleItems, sampleRatings } from '../load/sample.js';
import type { GpuTrainer } from '../models/gpu-stages.js';
import { type DeviceCheck, expectRight, largestDifference, verifyOnce } from '../native/verify-device.js';
import type { EpochReport, TrainOptions } from '../types.js';
import type { Trained } from './trained.js';

/** Trains on a GPU, or on the processor where no device is given. */
export type TrainOn = (data: Dataset, options: TrainOptions, device: number | undefined) => Promise<Trained>;

/** A training so small that both sides take milliseconds. */
interface TrainingCheck {
  name: string;
  data: () => Dataset;
  options: TrainOptions;
  /** Of the losses of each epoch and of all parameters. */
  tolerance: number;
}

/** Twelve people of the built-in sample. */
const sample = (): Dataset => Dataset.fromTable(sampleRatings({ users: 12 }), { items: sampleItems() });

/** Nobody shares an item, so that the order of the ratings, which is the device's own, changes nothing. */
function matching(): Dataset {
  const ids = Int32Array.from({ length: 150 }, (_, n) => n);
  return Dataset.fromTable(
    tableFromArrays({
      userId: ids,
      itemId: ids.map((n) => (n * 7) % ids.length),
      rating: Float32Array.from(ids, (n) => 1 + (n % 5)),
    }),
  );
}

const common = { dim: 8, epochs: 2, schedule: { type: 'constant' } } as const;

const checks: Readonly<Record<GpuTrainer, readonly TrainingCheck[]>> = {
  factors: [
    { name: 'mf row by row', data: matching, options: { ...common, model: 'mf', optimizer: 'sgd' }, tolerance: 1e-4 },
    {
      name: 'mf by Adam in blocks',
      data: matching,
      options: { ...common, model: 'mf', optimizer: 'adam', batchSize: 32 },
      tolerance: 1e-4,
    },
    {
      name: 'fm in one batch',
      data: sample,
      options: { ...common, model: 'fm', optimizer: 'sgd', batchSize: 'full' },
      tolerance: 1e-4,
    },
  ],
  coLikes: [{ name: 'co-likes', data: sample, options: { dim: 8, epochs: 2, model: 'coLikes' }, tolerance: 1e-3 }],
  itemSoftmax: [
    {
      name: 'softmax over all items',
      data: sample,
      options: { model: 'itemSoftmax', dim: 8, epochs: 2, hidden: 8, layerNorm: true, batchSize: 32 },
      tolerance: 3e-3,
    },
    {
      name: 'softmax over drawn items',
      data: sample,
      options: { model: 'itemSoftmax', objective: 'sampledSoftmax', dim: 8, epochs: 2, pairsPerItem: 2 },
      tolerance: 1e-4,
    },
  ],
  ials: [{ name: 'ials', data: sample, options: { model: 'ials', dim: 8, epochs: 2 }, tolerance: 1e-3 }],
};

/** Trainers whose GPU has agreed with the processor in this process. */
const verified = new Map<number, Set<GpuTrainer>>();

/**
 * Compares what a GPU trains with what the processor does, once a process and trainer, before the first of it is used.
 * @throws DeviceError when they differ by more than rounding explains.
 */
export async function verifyTrainerOnce(trainer: GpuTrainer, device: number, trainOn: TrainOn): Promise<void> {
  verifyOnce(device);
  const done = verified.get(device) ?? new Set();
  verified.set(device, done);
  if (done.has(trainer)) return;
  for (const check of checks[trainer]) expectRight(await compare(check, device, trainOn));
  done.add(trainer);
}

/** Every check, passed or not. @throws DeviceError when the device cannot compute at all. */
export async function verifyTrainers(device: number, trainOn: TrainOn): Promise<DeviceCheck[]> {
  const results: DeviceCheck[] = [];
  for (const check of Object.values(checks).flat()) results.push(await compare(check, device, trainOn));
  return results;
}

async function compare(check: TrainingCheck, device: number, trainOn: TrainOn): Promise<DeviceCheck> {
  const { name, options, tolerance } = check;
  const data = check.data();
  const trained = async (on: number | undefined): Promise<[Trained, number]> => {
    let last = 0;
    const onEpoch = ({ seconds }: EpochReport): void => {
      last = seconds;
    };
    return [await trainOn(data, { ...options, onEpoch }, on), last];
  };
  const [expected, cpuSeconds] = await trained(undefined);
  const [actual, cudaSeconds] = await trained(device);
  const error = Math.max(
    largestDifference(lossesOf(actual), lossesOf(expected)),
    differenceOf(arraysOf(actual.parameters), arraysOf(expected.parameters)),
  );
  return { name, error, tolerance, cpuSeconds, cudaSeconds };
}

const lossesOf = ({ history }: Trained): Float64Array => Float64Array.from(history, ({ train }) => train.loss);

/** Every array of factors and biases, however deep. */
function arraysOf(parameters: unknown): Float32Array[] {
  if (parameters instanceof Float32Array) return [parameters];
  if (typeof parameters !== 'object' || parameters === null || ArrayBuffer.isView(parameters)) return [];
  return Object.values(parameters).flatMap(arraysOf);
}

const differenceOf = (actual: readonly Float32Array[], expected: readonly Float32Array[]): number =>
  Math.max(...actual.map((array, n) => largestDifference(array, expected[n] as Float32Array)));
