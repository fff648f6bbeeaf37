import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { DeviceError } from '../errors.js';
import type { Device } from '../types.js';
import type { Gpu, SimdLevel } from './binding.js';
import { native, nativePath } from './load.js';

/** The processor: always there. */
export interface CpuDevice {
  name: 'cpu';
  available: true;
  /** Instruction set levels compiled in and usable here, slowest first, and the one in use. */
  simd: { active: SimdLevel; available: readonly SimdLevel[] };
  /** Hardware threads that training uses when `threads` is not given. */
  threads: number;
}

/** NVIDIA GPUs; `reason` says why there is none to use. */
export type CudaDevice =
  | { name: 'cuda'; available: true; library: string; gpus: readonly Gpu[] }
  | { name: 'cuda'; available: false; reason: string };

export type DeviceInfo = CpuDevice | CudaDevice;

/** What can compute here. Throws NativeLoadError when the addon cannot be loaded. */
export function devices(): [CpuDevice, CudaDevice] {
  const { gpus, reason, library } = findGpus();
  if (reason !== undefined) return [cpuDevice(), { name: 'cuda', available: false, reason }];
  return [cpuDevice(), { name: 'cuda', available: true, library, gpus: gpus.map(({ gpu }) => gpu) }];
}

/** The processor alone: starting a GPU's driver takes a moment. */
export function cpuDevice(): CpuDevice {
  const addon = native();
  const { active, available } = addon.simdLevels();
  return { name: 'cpu', available: true, simd: { active, available }, threads: addon.hardwareThreads() };
}

/**
 * The number of the GPU that an option names; undefined: the processor. 'auto' is the processor too, until it has been
 * measured which work is worth a GPU.
 * @throws DeviceError when there is no GPU to use: a device that was named never falls back to another.
 */
export function resolveDevice(device: Device): number | undefined {
  if (device !== 'cuda') return undefined;
  const { gpus, reason } = findGpus();
  if (reason !== undefined) throw new DeviceError(`Device 'cuda' was asked for, but ${reason}`);
  return gpus[0]?.ordinal;
}

/** PALATE_CUDA_LIBRARY, or the one that was built beside the native binary. */
function libraryPath(): string {
  return process.env.PALATE_CUDA_LIBRARY ?? path.join(path.dirname(nativePath()), 'libpalate_cuda.so');
}

interface Found {
  library: string;
  gpus: { gpu: Gpu; ordinal: number }[];
  reason?: string;
}

/** The GPUs that can be used; `reason` where there are none. */
function findGpus(): Found {
  const library = libraryPath();
  if (!existsSync(library)) {
    const named = process.env.PALATE_CUDA_LIBRARY !== undefined;
    const reason = named ? `PALATE_CUDA_LIBRARY names no file: ${library}` : 'this build has no CUDA library';
    return { library, gpus: [], reason };
  }
  const { devices, reason } = native().cudaDevices(library);
  const gpus = devices.flatMap(({ reason, ...gpu }, ordinal) => (reason === undefined ? [{ gpu, ordinal }] : []));
  if (gpus.length > 0) return { library, gpus };
  return { library, gpus, reason: reason ?? devices[0]?.reason ?? 'there is no GPU' };
}

/** Runs work that may use a device; what went wrong there becomes a DeviceError. */
export async function onDevice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw deviceErrorOf(error);
  }
}

/** The same for work that blocks. */
export function onDeviceSync<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw deviceErrorOf(error);
  }
}

function deviceErrorOf(error: unknown): unknown {
  const fromNative = error instanceof Error && 'code' in error && error.code === 'ERR_PALATE_DEVICE';
  if (!fromNative || error instanceof DeviceError) return error;
  return new DeviceError(`Device 'cuda': ${error.message}`, { cause: error });
}
