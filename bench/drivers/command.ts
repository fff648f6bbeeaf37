import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { devices } from '../../src/native/device.js';
import { native } from '../../src/native/load.js';
import { tasks } from '../tasks/index.js';
import type { Work } from '../types.js';
import { type Driver, type DriverName, drivers } from './index.js';
import { peerEnvironment, pythonWith } from './python.js';

/** How to start one run as a process of its own; its last line on standard output is the measurement as JSON. */
export interface Command {
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Why a driver cannot run here and what to install; undefined when it can. */
export function whyMissing(name: DriverName): string | undefined {
  const { node, python, install }: Driver = drivers[name];
  const { active, available } = native().simdLevels();
  if (node?.simd === active) return `${active} is the level in use`;
  if (node?.simd !== undefined && !available.includes(node.simd)) return `this processor or build has no ${node.simd}`;
  if (node?.threads === 1 && availableParallelism() === 1) return 'this machine has one thread';
  if (node?.device === 'cuda') {
    const [, cuda] = devices();
    if (!cuda.available) return cuda.reason;
  }
  if (node?.package !== undefined && !isInstalled(node.package)) return `not installed: ${install}`;
  if (python !== undefined && pythonWith(python.modules) === undefined) {
    return `no Python with ${python.modules.join(' and ')}: ${install}, or name one in PALATE_BENCH_PYTHON`;
  }
  return undefined;
}

/** The work of a driver: on the processor, with all its threads, unless the driver says otherwise. */
export function workOf(name: DriverName, work: Omit<Work, 'driver' | 'threads' | 'device'>): Work {
  const { threads = availableParallelism(), device = 'cpu' } = drivers[name].node ?? {};
  return { ...work, driver: name, threads, device };
}

export function commandOf(work: Work): Command {
  const { python } = drivers[work.driver];
  if (python === undefined) {
    const args = ['--import', 'tsx', here('../child.ts'), JSON.stringify(work)];
    return { file: process.execPath, args, env: process.env };
  }
  const script = tasks[work.task].python;
  const file = pythonWith(python.modules);
  if (script === undefined || file === undefined) throw new Error(`'${work.driver}' cannot run '${work.task}' here`);
  return {
    file,
    args: [here(`../peers/${script}`), JSON.stringify(work)],
    env: peerEnvironment(file, work.threads, native().simdLevels().available.at(-1) ?? 'base'),
  };
}
