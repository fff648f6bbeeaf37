import type { NativeDeviceMemory } from '../native/binding.js';
import { native } from '../native/load.js';
import { verifyOnce } from '../native/verify-device.js';

/** What GPUs hold of items that are searched more than once, for as long as the items live. */
const kept = new WeakMap<Float32Array, Map<number, NativeDeviceMemory>>();

/**
 * Runs a search with memory of a GPU. With `keep` the items stay there for the next search; they must not change then.
 * @throws DeviceError when the GPU computes wrong results.
 */
export function withMemory<T>(
  items: Float32Array,
  device: number,
  keep: boolean,
  search: (memory: NativeDeviceMemory) => T,
): T {
  const memory = keep ? keptMemory(items, device) : open(device);
  const drop = (): void => {
    kept.get(items)?.delete(device);
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

function keptMemory(items: Float32Array, device: number): NativeDeviceMemory {
  const ofItems = kept.get(items) ?? new Map<number, NativeDeviceMemory>();
  kept.set(items, ofItems);
  const memory = ofItems.get(device) ?? open(device);
  ofItems.set(device, memory);
  return memory;
}
