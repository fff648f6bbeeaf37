import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { cpuDevice } from '../native/device.js';

/** Where a report was made, for people. */
export function describeMachine(): { label: string; value: string }[] {
  const cpu = cpuDevice();
  // Both src/report and dist/report lie two steps below the package.
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return [
    { label: 'Processor', value: cpus()[0]?.model.trim() || process.arch },
    { label: 'Threads', value: String(availableParallelism()) },
    { label: 'Memory', value: `${Math.round(totalmem() / 2 ** 30)} GiB` },
    { label: 'Kernels', value: cpu.simd.active },
    { label: 'Software', value: `palate ${version}, Node ${process.versions.node}` },
    { label: 'Date', value: new Date().toISOString().slice(0, 10) },
  ];
}
