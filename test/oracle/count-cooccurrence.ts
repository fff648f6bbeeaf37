/** Who likes what: a list of items a user. */
export type LikeLists = readonly (readonly number[])[];

/** X as count_cooccurrence.h defines it, (numItems, numItems), zeros on the diagonal. */
export function countPairs(likes: LikeLists, numItems: number): number[][] {
  const counts = Array.from({ length: numItems }, () => new Array<number>(numItems).fill(0));
  for (const items of likes) {
    for (const i of items) for (const j of items) if (i !== j) (counts[i] as number[])[j] += 1;
  }
  return counts;
}
