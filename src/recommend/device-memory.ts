import type { NativeDeviceMemory } from '../native/binding.js';
import { native } from '../native/load.js';
import { verifyOnce } from '../native/verify-device.js';

/** The arrays of a search that may stay on a GPU. */
export interface KeptArrays {
  items: Float32Array;
  itemBiases?: Float32Array | undefined;
}

interface Kept {
  memory: NativeDeviceMemory;
  /** Held, so that no other array comes to lie at its address: the GPU knows arrays by these. */
  itemBiases: Float32Array | undefined;
}

/** What GPUs hold of items that are searched more than once, for as long as the items live. */
const kept = new WeakMap<Float32Array, Map<number, Kept>>();

/**
 * Runs a search with memory of a GPU. With `keep` the arrays stay there for the next search; they must not change then.
 * @throws DeviceError when the GPU computes wrong results.
 */
export function withMemory<T>(
  arrays: KeptArrays,
  device: number,
  keep: boolean,
  search: (memory: NativeDeviceMemory) => T,
): T {
  const memory = keep ? keptMemory(arrays, device) : open(device);
  const drop = (): void => {
    kept.get(arrays.items)?.delete(device);
    memory.dispose();
  };
  let result: T;
  try {
    result = search(memory);
  } catch (error) {
    drop(); // memory that has failed once does nothing more
    throw error;
  }
  if (!(result instanceof Promise)) {
    if (!keep) memory.dispose();
    return result;
  }
  const settled = result.then(
    (value) => {
      if (!keep) memory.dispose();
      return value;
    },
    (error) => {
      drop();
      throw error;
    },
  );
  return settled as T;
}

function open(device: number): NativeDeviceMemory {
  verifyOnce(device);
  return new (native().DeviceMemory)({ device });
}

function keptMemory({ items, itemBiases }: KeptArrays, device: number): NativeDeviceMemory {
  const ofItems = kept.get(items) ?? new Map<number, Kept>();
  kept.set(items, ofItems);
  const found = ofItems.get(device);
  if (found !== undefined && found.itemBiases === itemBiases) return found.memory;
  found?.memory.dispose();
  const memory = open(device);
  ofItems.set(device, { memory, itemBiases });
  return memory;
}
