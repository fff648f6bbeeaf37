import { totalmem } from 'node:os';
import type { Dataset } from '../dataset/dataset.js';
import { DataError } from '../errors.js';
import type { SoftmaxConfig } from '../native/binding.js';

/** A word for each pair that is counted, and one while it is moved to where training reads it. */
const BYTES_PER_PAIR = 8;

/** Rows of a block of the kernel, whose logits are held. */
const BLOCK_ROWS = 32;

/** What a thread does in a second at least where it has wide vectors. */
const FLOPS_PER_SECOND = 5e10;

/** No fewer than the different pairs of items that some user has both of: an item's pairs, or its possible partners. */
export function mostPairs({ interactions }: Dataset): number {
  const { offsets, items, numItems } = interactions;
  const pairs = new Float64Array(numItems);
  for (let user = 0; user + 1 < offsets.length; user++) {
    const [begin, end] = [offsets[user] as number, offsets[user + 1] as number];
    for (let n = begin; n < end; n++) {
      const item = items[n] as number;
      pairs[item] = (pairs[item] as number) + (end - begin - 1);
    }
  }
  const others = Math.max(0, interactions.itemCounts().filter((count) => count > 0).length - 1);
  return pairs.reduce((sum, count) => sum + Math.min(count, others), 0);
}

/**
 * Before any work: whether the pair counts of the softmax over all items, its tables and its logits fit into memory.
 *
 * @param memory bytes that the machine has.
 * @throws DataError that names what is needed, and what to use instead.
 */
export function expectPairsFit(
  data: Dataset,
  { numItems, dim, tables, batchSize, threads }: SoftmaxConfig,
  memory: number = totalmem(),
): void {
  const pairs = mostPairs(data);
  const rows = Math.min(BLOCK_ROWS * Math.ceil(batchSize / BLOCK_ROWS), numItems + BLOCK_ROWS);
  // Values, gradient and two moments of each parameter; what is read out of it in the end.
  const floats = numItems * (dim * (4 * tables + 2) + rows);
  const bytes = BYTES_PER_PAIR * pairs + 4 * floats;
  if (bytes <= memory) return;
  const seconds = (6 * dim * numItems ** 2) / (FLOPS_PER_SECOND * threads);
  throw new DataError(
    `The softmax over all items would need ${gibibytes(bytes)} for up to ${pairs.toPrecision(2)} different pairs of ` +
      `${numItems.toLocaleString('en')} items, and about ${Math.ceil(seconds).toLocaleString('en')} s an epoch; this ` +
      `machine has ${gibibytes(memory)}. Use \`objective: 'negativeSampling'\` or 'sampledSoftmax', which sample pairs ` +
      'and hold none, or leave out items with few ratings (`minItemRatings` of Dataset.fromTable)',
  );
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
