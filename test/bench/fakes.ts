import type { Machine, Measurement, ResultFile, Run, Trial } from '../../bench/types.js';

/** A trial of palate, one variant and two peers that runs nothing. */
export const fakeTrial = (overrides: Partial<Trial> = {}): Trial => ({
  name: 'fake',
  task: 'topk',
  input: 'factors',
  drivers: ['palate', 'palate-1-thread', 'faiss', 'numpy'],
  once: ['palate-1-thread'],
  parameters: { small: { k: 3 }, full: { k: 5 } },
  caption: 'nothing at all',
  quality: 'recall',
  ...overrides,
});

export const measured = (seconds: number, more: Partial<Measurement> = {}): Run => ({
  seconds: { median: seconds, min: seconds * 0.5, max: seconds * 2 },
  quality: { recall: 1 },
  peakKilobytes: 1024 * 100,
  ...more,
});

export const fakeMachine: Machine = { cpu: 'Fake CPU', cores: 2, memoryGigabytes: 8, node: 'v20.19.0', simd: 'avx2' };

/** A results file of a trial of trials.ts, since the summary shows only those. */
export const fakeResult = (overrides: Partial<ResultFile> = {}): ResultFile => ({
  trial: 'topk-users-10',
  size: 'full',
  date: '2026-01-02',
  load: 0,
  palate: '0.0.0',
  machine: fakeMachine,
  caption: 'nothing at all',
  quality: 'recall',
  parameters: { k: 3 },
  input: { queries: 7 },
  drivers: [
    {
      driver: 'palate',
      runs: 3,
      seconds: { median: 0.01, min: 0.009, max: 0.02 },
      quality: { recall: 1 },
      peakMegabytes: 80,
    },
    { driver: 'palate-base', skipped: 'base is the level in use' },
    {
      driver: 'faiss',
      runs: 3,
      seconds: { median: 0.05, min: 0.04, max: 0.06 },
      quality: { recall: 0.5 },
      peakMegabytes: 90,
    },
    {
      driver: 'numpy',
      runs: 3,
      seconds: { median: 0.02, min: 0.02, max: 0.02 },
      quality: { recall: 1 },
      peakMegabytes: 70,
    },
    { driver: 'usearch', skipped: 'not installed: npm install --no-save usearch' },
  ],
  ...overrides,
});
