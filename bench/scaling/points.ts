import type { Parameters, Size } from '../types.js';

export type Axis = 'ratings' | 'dim' | 'threads';
export type Curve = 'mf, SGD' | 'fm, Adam';

/** One measurement: how an epoch takes part in the curves. */
export interface Point {
  curve: Curve;
  rows: number;
  dim: number;
  threads: number;
}

export const curves: Readonly<Record<Curve, Parameters>> = {
  'mf, SGD': { model: 'mf', learningRate: 0.015 },
  'fm, Adam': {
    model: 'fm',
    optimizer: 'adam',
    batchSize: 1024,
    learningRate: 1e-3,
    regularization: 1e-5,
    weightDecay: 'decoupled',
    initStd: 0.01,
  },
};

const grids: Readonly<Record<Size, { rows: number[]; dims: number[]; at: { rows: number; dim: number } }>> = {
  small: { rows: [30_000, 100_000, 300_000], dims: [16, 32, 64], at: { rows: 100_000, dim: 32 } },
  full: {
    rows: [1_000_000, 3_000_000, 10_000_000, 27_753_444],
    dims: [16, 32, 64, 128, 256],
    at: { rows: 3_000_000, dim: 64 },
  },
};

/** 1, 2, 4, ... and the number of threads that the machine has. */
export function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let n = 1; n < most; n *= 2) counts.push(n);
  return [...counts, most];
}

/** What varies on an axis while the rest stands still; each axis goes through the same middle point. */
export function pointsOf(size: Size, axis: Axis, mostThreads: number): Point[] {
  const { rows, dims, at } = grids[size];
  const middle = { ...at, threads: mostThreads };
  const varied = {
    ratings: rows.map((n) => ({ ...middle, rows: n })),
    dim: dims.map((dim) => ({ ...middle, dim })),
    threads: threadCounts(mostThreads).map((threads) => ({ ...middle, threads })),
  }[axis];
  return (Object.keys(curves) as Curve[]).flatMap((curve) => varied.map((point) => ({ curve, ...point })));
}

export const axes: readonly Axis[] = ['ratings', 'dim', 'threads'];
