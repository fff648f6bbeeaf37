import { DeviceError } from '../errors.js';
import type { SelectTopkCall } from './binding.js';
import { onDeviceSync } from './device.js';
import { native } from './load.js';

/** One kind of work, done on a GPU and on the processor. */
export interface DeviceCheck {
  name: string;
  /** Largest difference between a result and the processor's, relative to 1 or the larger one; Infinity for NaN. */
  error: number;
  /** What rounding explains. */
  tolerance: number;
  /** Of one run, in seconds, after a first one. */
  cpuSeconds: number;
  cudaSeconds: number;
}

const verified = new Set<number>();

/**
 * Compares a GPU's results with the processor's, once a process, before the first of them is used.
 * @throws DeviceError when they differ by more than rounding explains.
 */
export function verifyOnce(device: number): void {
  if (verified.has(device)) return;
  for (const check of verifyDevice(device)) expectRight(check);
  verified.add(device);
}

/** @throws DeviceError when a check shows more than rounding explains. */
export function expectRight({ name, error, tolerance }: DeviceCheck): void {
  if (error <= tolerance) return;
  throw new DeviceError(
    `Device 'cuda' computes wrong results: ${name} differs from the processor by ${error.toPrecision(2)}, ` +
      `where rounding explains ${tolerance.toPrecision(2)}. \`palate doctor --verify-gpu\` shows all checks.`,
  );
}

/**
 * The checks of what serves models, passed or not. Takes milliseconds.
 * @throws DeviceError when the device cannot compute at all.
 */
export function verifyDevice(device: number): DeviceCheck[] {
  return onDeviceSync(() => [verifyTopK(device)]);
}

function verifyTopK(device: number): DeviceCheck {
  const [numQueries, numItems, dim, k] = [70, 1000, 24, 20];
  const random = uniform();
  const floats = (size: number): Float32Array => Float32Array.from({ length: size }, random);
  const inputs = {
    queries: floats(numQueries * dim),
    items: floats(numItems * dim),
    itemBiases: floats(numItems),
    candidates: Uint8Array.from({ length: numItems }, (_, item) => (item % 7 === 0 ? 0 : 1)),
    // Each query leaves out five items that come one after another.
    excludeOffsets: Uint32Array.from({ length: numQueries + 1 }, (_, query) => 5 * query),
    excludeItems: Uint32Array.from({ length: 5 * numQueries }, (_, n) => 3 * Math.floor(n / 5) + (n % 5)),
  };
  const call = (): SelectTopkCall => ({
    ...inputs,
    indices: new Uint32Array(numQueries * k),
    scores: new Float32Array(numQueries * k),
    numQueries,
    numItems,
    dim,
    k,
    cosine: true,
    threads: 1,
  });
  const memory = new (native().DeviceMemory)({ device });
  try {
    const expected = call();
    const actual = { ...call(), memory };
    native().selectTopk(expected);
    native().selectTopk(actual);
    return {
      name: 'top-k',
      error: largestDifference(actual.scores, expected.scores),
      tolerance: 1e-5,
      cpuSeconds: secondsOf(() => native().selectTopk(expected)),
      cudaSeconds: secondsOf(() => native().selectTopk(actual)),
    };
  } finally {
    memory.dispose();
  }
}

/** Numbers in [-1, 1), the same each time. */
function uniform(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Relative to 1 or the larger of two numbers; Infinity where one is NaN or missing. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let n = 0; n < actual.length; n++) {
    const [value, other] = [actual[n] as number, expected[n] as number];
    if (value === other) continue;
    const difference = Math.abs(value - other) / Math.max(1, Math.abs(value), Math.abs(other));
    largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
  }
  return largest;
}

function secondsOf(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
