import process from 'node:process';
import type { Command } from 'commander';
import { type GpuStages, gpuStages } from '../models/gpu-stages.js';
import { models } from '../models/index.js';
import { type CudaDevice, devices, resolveDevice } from '../native/device.js';
import { nativePath } from '../native/load.js';
import { type DeviceCheck, verifyDevice } from '../native/verify-device.js';
import { verifyTrainings } from '../train/trainers.js';
import type { ModelName } from '../types.js';
import { type Reply, runCommand } from './run.js';

interface DoctorFlags {
  verifyGpu?: true;
}

/** palate doctor */
export function addDoctor(program: Command, version: string): void {
  program
    .command('doctor')
    .description('show what palate can use here: native binary, instruction sets, threads, GPUs')
    .option('--verify-gpu', 'compare the results of the GPU with those of the processor')
    .action((flags: DoctorFlags, command: Command) => runCommand(command, () => examine(version, flags)));
}

async function examine(version: string, { verifyGpu }: DoctorFlags): Promise<Reply> {
  const node = process.versions.node;
  const platform = `${process.platform}-${process.arch}`;
  const head = `palate   ${version}\nnode     ${node} (${platform})\n`;
  let found: ReturnType<typeof devices>;
  try {
    found = devices();
  } catch (error) {
    // The patient is ill: the rest of the report is what helps now.
    const { message } = error as Error;
    const reason = 'the native binary is not loaded';
    return {
      json: {
        version,
        node,
        platform,
        native: { path: null, simd: null, simdLevels: [], threads: null },
        cuda: { available: false, reason, devices: [] },
      },
      text: `${head}native   not loaded\ncuda     not available: ${reason}\n`,
      failure: message,
    };
  }
  const [cpu, cuda] = found;
  const { active, available } = cpu.simd;
  const path = nativePath();
  const checks = verifyGpu === true ? await verifyAll(resolveDevice('cuda') as number) : [];
  const wrong = checks.filter(({ error, tolerance }) => !(error <= tolerance));
  return {
    json: {
      version,
      node,
      platform,
      native: { path, simd: active, simdLevels: available, threads: cpu.threads },
      cuda: {
        available: cuda.available,
        ...(cuda.available ? { library: cuda.library } : { reason: cuda.reason }),
        devices: cuda.available ? cuda.gpus : [],
        models: Object.fromEntries(names.map((name) => [name, gpuStages(name)])),
        ...(verifyGpu === true && { checks }),
      },
    },
    text:
      `${head}native   ${path}\nsimd     ${active} (of ${available.join(', ')})\nthreads  ${cpu.threads}\n` +
      cudaText(cuda) +
      checks.map(checkText).join(''),
    ...(wrong.length > 0 && { failure: `The GPU computes wrong results: ${wrong.map(({ name }) => name).join(', ')}` }),
  };
}

const verifyAll = async (device: number): Promise<DeviceCheck[]> => [
  ...verifyDevice(device),
  ...(await verifyTrainings(device)),
];

const names = Object.keys(models) as ModelName[];

/** The models that a GPU has kernels for, stage by stage. */
function stageText(stage: keyof GpuStages, verb: string): string {
  return `         ${verb} ${names.filter((name) => gpuStages(name)[stage] === 'cuda').join(', ')}\n`;
}

function cudaText(cuda: CudaDevice): string {
  if (!cuda.available) return `cuda     not available: ${cuda.reason}\n`;
  const gpus = cuda.gpus
    .map(({ name, memoryBytes, multiprocessors, capability }) => {
      const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
      return `cuda     ${name}: ${memory}, ${multiprocessors} multiprocessors, compute capability ${capability}\n`;
    })
    .join('');
  return `${gpus}${stageText('training', 'trains')}${stageText('recommendations', 'recommends by')}`;
}

function checkText({ name, error, tolerance, cpuSeconds, cudaSeconds }: DeviceCheck): string {
  const verdict = error <= tolerance ? 'ok' : 'WRONG';
  const times = `${(cudaSeconds * 1000).toFixed(2)} ms, processor ${(cpuSeconds * 1000).toFixed(2)} ms`;
  return `check    ${name}: ${verdict}, differs by ${error.toPrecision(2)} of at most ${tolerance}; ${times}\n`;
}
