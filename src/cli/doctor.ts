import process from 'node:process';
import type { Command } from 'commander';
import { CUDA_REASON, devices } from '../native/device.js';
import { nativePath } from '../native/load.js';
import { type Reply, runCommand } from './run.js';

/** palate doctor */
export function addDoctor(program: Command, version: string): void {
  program
    .command('doctor')
    .description('show what palate can use here: native binary, instruction sets, threads, GPUs')
    .action((_, command: Command) => runCommand(command, async () => examine(version)));
}

function examine(version: string): Reply {
  const node = process.versions.node;
  const platform = `${process.platform}-${process.arch}`;
  const cuda = { available: false, reason: CUDA_REASON, devices: [] };
  const head = `palate   ${version}\nnode     ${node} (${platform})\n`;
  const tail = `cuda     not available: ${cuda.reason}\n`;
  try {
    const [cpu] = devices();
    const { active, available } = cpu.simd;
    const path = nativePath();
    return {
      json: {
        version,
        node,
        platform,
        native: { path, simd: active, simdLevels: available, threads: cpu.threads },
        cuda,
      },
      text: `${head}native   ${path}\nsimd     ${active} (of ${available.join(', ')})\nthreads  ${cpu.threads}\n${tail}`,
    };
  } catch (error) {
    // The patient is ill: the rest of the report is what helps now.
    const { message } = error as Error;
    return {
      json: { version, node, platform, native: { path: null, simd: null, simdLevels: [], threads: null }, cuda },
      text: `${head}native   not loaded\n${tail}`,
      failure: message,
    };
  }
}
