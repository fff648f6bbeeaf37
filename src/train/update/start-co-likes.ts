import type { CountTrainerConfig } from '../../native/binding.js';
import { factorCholesky, solveCholesky } from '../../recommend/cholesky.js';
import { gramOf } from '../../recommend/fit-rows.js';
import type { ItemVectorParameters } from '../../types.js';
import { overlayRows } from './overlay-rows.js';

/** Of the mean of the diagonal, added to it: vectors that lie in fewer directions than they are wide have a solution, too. */
const RIDGE = 1e-4;

/** Users of each item, from items of each user. */
function usersOf({ offsets, items, numItems }: CountTrainerConfig): number[][] {
  const users = Array.from({ length: numItems }, (): number[] => []);
  for (let user = 0; user + 1 < offsets.length; user++) {
    for (let n = offsets[user] as number; n < (offsets[user + 1] as number); n++) {
      (users[items[n] as number] as number[]).push(user);
    }
  }
  return users;
}

/** Sum of target(count) v_j over the known items j that are liked together with an item. */
function sumTargets(
  { offsets, items, dim, target }: CountTrainerConfig,
  vectors: Float32Array,
  isKnown: Uint8Array,
  users: readonly number[],
): Float64Array {
  const counts = new Map<number, number>();
  for (const user of users) {
    for (const item of items.subarray(offsets[user], offsets[user + 1])) {
      if (isKnown[item] === 1) counts.set(item, (counts.get(item) ?? 0) + 1);
    }
  }
  const sum = new Float64Array(dim);
  for (const [item, count] of counts) {
    const weight = target === 'log' ? Math.log1p(count) : count;
    for (let k = 0; k < dim; k++) sum[k] = (sum[k] as number) + weight * (vectors[item * dim + k] as number);
  }
  return sum;
}

/**
 * Sets the vectors from which coLikes goes on: those of the model; of new items, where products should be counts or their
 * logarithms over all pairs, the vector whose products with the known ones are nearest to that. Others keep what was drawn,
 * as do those of a model as wide as it has items, where that would cost too much.
 * @param vectors (numItems, dim) as the trainer has drawn them
 */
export function startCoLikes(vectors: Float32Array, config: CountTrainerConfig, known: ItemVectorParameters): void {
  const { dim, numItems } = config;
  overlayRows(vectors, dim, known.itemFactors, known.dim);
  if (config.loss === 'glove' || dim >= numItems) return;
  const learnt = new Float32Array(numItems * dim);
  overlayRows(learnt, dim, known.itemFactors);
  const isKnown = Uint8Array.from({ length: numItems }, (_, item) =>
    learnt.subarray(item * dim, (item + 1) * dim).some((x) => x !== 0) ? 1 : 0,
  );
  const matrix = Float64Array.from(gramOf(learnt, dim));
  let trace = 0;
  for (let k = 0; k < dim; k++) trace += matrix[k * dim + k] as number;
  for (let k = 0; k < dim; k++) matrix[k * dim + k] = (matrix[k * dim + k] as number) + (RIDGE * trace) / dim;
  factorCholesky(matrix, dim);
  for (const [item, users] of usersOf(config).entries()) {
    if (isKnown[item] === 1 || users.length === 0) continue;
    const row = sumTargets(config, learnt, isKnown, users);
    solveCholesky(matrix, row);
    if (row.some((x) => x !== 0)) vectors.set(row, item * dim);
  }
}
