import type { Dataset } from '../dataset/dataset.js';
import { expectBoolean, expectInt, expectKnownKeys } from '../options.js';
import { expectTimes } from './expect-times.js';
import { partOf } from './parts.js';

/** Options of `leaveLastOut`. */
export interface LeaveLastOutOptions {
  /** Interactions of each user in the test part, and as many in the valid part. Default 1. */
  n?: number;
  /** Whether there is a valid part: the n interactions before those of the test part. Default false. */
  valid?: boolean;
}

const TRAIN = 0;
const VALID = 1;
const TEST = 2;

/**
 * Leaves out the last n interactions of each user by time, of equal times those with the larger item index. Users for whom
 * nothing would be left to train on (n or fewer interactions, 2 n with `valid`) stay in train as a whole. DataError when
 * there are no times.
 */
export function leaveLastOut(
  data: Dataset,
  options: LeaveLastOutOptions & { valid: true },
): { train: Dataset; valid: Dataset; test: Dataset };
export function leaveLastOut(
  data: Dataset,
  options?: LeaveLastOutOptions & { valid?: false },
): { train: Dataset; test: Dataset };
export function leaveLastOut(
  data: Dataset,
  options?: LeaveLastOutOptions,
): { train: Dataset; valid?: Dataset; test: Dataset };
export function leaveLastOut(
  data: Dataset,
  options: LeaveLastOutOptions = {},
): { train: Dataset; valid?: Dataset; test: Dataset } {
  expectKnownKeys('leaveLastOut', options, ['n', 'valid']);
  const n = expectInt('n', options.n ?? 1, { min: 1 });
  const hasValid = expectBoolean('valid', options.valid ?? false);
  const times = expectTimes(data, 'leaveLastOut');
  const { offsets, size, numUsers } = data.interactions;
  const labels = new Uint8Array(size);
  for (let user = 0; user < numUsers; user++) {
    const begin = offsets[user] as number;
    const end = offsets[user + 1] as number;
    if (end - begin <= (hasValid ? 2 * n : n)) continue;
    const sorted = times.slice(begin, end).sort();
    if (hasValid) labelLast(labels, times, begin, end, sorted, 2 * n, VALID);
    labelLast(labels, times, begin, end, sorted, n, TEST);
  }
  const part = (label: number): Dataset => partOf(data, labels, label);
  return { train: part(TRAIN), ...(hasValid ? { valid: part(VALID) } : {}), test: part(TEST) };
}

/** Labels the last `count` of a user's entries; `sorted` are his times, ascending. */
function labelLast(
  labels: Uint8Array,
  times: Float64Array,
  begin: number,
  end: number,
  sorted: Float64Array,
  count: number,
  label: number,
): void {
  const cut = sorted[sorted.length - count] as number;
  let ties = 0;
  for (let i = sorted.length - count; i < sorted.length && sorted[i] === cut; i++) ties++;
  for (let i = end - 1; i >= begin; i--) {
    const time = times[i] as number;
    if (time > cut || (time === cut && ties-- > 0)) labels[i] = label;
  }
}
