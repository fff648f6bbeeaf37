import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { native } from '../src/native/load.js';
import type { Machine } from './types.js';

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  simd: native().simdLevels().active,
});

/** What the machine does besides: processes that wanted to run in the last minute (0 on Windows, which does not tell). */
export const loadAverage = (): number => loadavg()[0] as number;

/** One phrase for a caption. */
export const describeMachine = ({ cpu, cores, memoryGigabytes, node, simd }: Machine): string =>
  `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memoryGigabytes} GB, ${simd}, Node ${node.replace('v', '')}`;
