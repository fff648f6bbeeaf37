import type { SimdLevel } from './binding.js';
import { native } from './load.js';

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
export interface CudaDevice {
  name: 'cuda';
  available: false;
  reason: string;
}

export type DeviceInfo = CpuDevice | CudaDevice;

/** What can compute here. Throws NativeLoadError when the addon cannot be loaded. */
export function devices(): [CpuDevice, CudaDevice] {
  const addon = native();
  const { active, available } = addon.simdLevels();
  return [
    { name: 'cpu', available: true, simd: { active, available }, threads: addon.hardwareThreads() },
    { name: 'cuda', available: false, reason: CUDA_REASON },
  ];
}

/** Why this build has no CUDA device. */
export const CUDA_REASON = 'this build has no CUDA library';
