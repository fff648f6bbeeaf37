import type { Dataset } from '../dataset/dataset.js';
import { DataError } from '../errors.js';

/** Times of the interactions; DataError when there are none. `what` is the function that needs them. */
export function expectTimes(data: Dataset, what: string): Float64Array {
  const { times } = data.interactions;
  if (times === undefined)
    throw new DataError(`${what} needs times: the ratings had no column \`time\``, { column: 'time' });
  return times;
}
