import type { Csr } from './csr.js';

/**
 * The interactions whose label is `label` (`equal`), or all others, in arrays of just their number.
 * @param labels (size)
 */
export function selectLabelled(csr: Csr, labels: Uint8Array | Uint16Array, label: number, equal: boolean): Csr {
  const { numUsers, numItems, offsets, items, values, times } = csr;
  let size = 0;
  for (let i = 0; i < labels.length; i++) if ((labels[i] === label) === equal) size++;
  const offsetsOut = new Uint32Array(numUsers + 1);
  const itemsOut = new Uint32Array(size);
  const valuesOut = new Float32Array(size);
  const timesOut = times && new Float64Array(size);
  let next = 0;
  for (let user = 0; user < numUsers; user++) {
    const end = offsets[user + 1] as number;
    for (let i = offsets[user] as number; i < end; i++) {
      if ((labels[i] === label) !== equal) continue;
      itemsOut[next] = items[i] as number;
      valuesOut[next] = values[i] as number;
      if (times !== undefined && timesOut !== undefined) timesOut[next] = times[i] as number;
      next++;
    }
    offsetsOut[user + 1] = next;
  }
  return { numUsers, numItems, offsets: offsetsOut, items: itemsOut, values: valuesOut, times: timesOut };
}
