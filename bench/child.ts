// One run of one driver in a process of its own: `child.ts WORK`, the measurement as JSON on standard output.
import { devices } from '../src/native/device.js';
import { native } from '../src/native/load.js';
import { drivers } from './drivers/index.js';
import { peakKilobytes } from './measure.js';
import { tasks } from './tasks/index.js';
import type { Work } from './types.js';

const work = JSON.parse(process.argv[2] as string) as Work;
const { node } = drivers[work.driver];
const implementations = await tasks[work.task].load();
const run = node && implementations[node.implementation];
if (run === undefined) throw new Error(`task '${work.task}' has no implementation for '${work.driver}'`);
if (node?.simd !== undefined) native().setSimdLevel(node.simd);
const measurement = await run(work);
const gpu = work.device === 'cuda' && { note: nameOfGpu() };
process.stdout.write(`\n${JSON.stringify({ peakKilobytes: peakKilobytes(), ...gpu, ...measurement })}\n`);

function nameOfGpu(): string {
  const [, cuda] = devices();
  if (!cuda.available) throw new Error(cuda.reason);
  return cuda.gpus[0]?.name as string;
}
