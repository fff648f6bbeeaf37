/**
 * Metrics of one ranked list with binary relevance. A list enters as the ranks of its relevant items: from 1, ascending,
 * at least all those <= k. `relevant` is the number of relevant test items of the user, found or not, and >= 1.
 *
 * Definitions as in Järvelin and Kekäläinen (2002) for DCG and Manning, Raghavan and Schütze (2008), chapter 8, for the
 * rest, with average precision cut off at k.
 */

/** How many relevant items stand in the first k places. */
export function hitsAt(ranks: ArrayLike<number>, k: number): number {
  let hits = 0;
  while (hits < ranks.length && (ranks[hits] as number) <= k) hits++;
  return hits;
}

/** hits / k, also where fewer than k items could be listed. */
export function precisionAt(ranks: ArrayLike<number>, k: number): number {
  return hitsAt(ranks, k) / k;
}

/** hits / relevant */
export function recallAt(ranks: ArrayLike<number>, k: number, relevant: number): number {
  return hitsAt(ranks, k) / relevant;
}

/** hits / min(k, relevant), so 1 is in reach where relevant > k: the recall of Liang et al. (2018). */
export function truncatedRecallAt(ranks: ArrayLike<number>, k: number, relevant: number): number {
  return hitsAt(ranks, k) / Math.min(k, relevant);
}

/** 1 where there is a hit, else 0. */
export function hitRateAt(ranks: ArrayLike<number>, k: number): number {
  return hitsAt(ranks, k) > 0 ? 1 : 0;
}

/** AP@k = sum over hits of (hits up to this rank / rank), / min(k, relevant) */
export function averagePrecisionAt(ranks: ArrayLike<number>, k: number, relevant: number): number {
  const hits = hitsAt(ranks, k);
  let sum = 0;
  for (let i = 0; i < hits; i++) sum += (i + 1) / (ranks[i] as number);
  return sum / Math.min(k, relevant);
}

/** DCG@k / DCG of an ideal list of min(k, relevant) hits, with DCG = sum over hits of 1 / log2(rank + 1). */
export function ndcgAt(ranks: ArrayLike<number>, k: number, relevant: number): number {
  return dcgAt(ranks, k) / idealDcg(Math.min(k, relevant));
}

/** DCG@k / DCG of an ideal list of all relevant items, so 1 is out of reach where relevant > k. */
export function ndcgFullAt(ranks: ArrayLike<number>, k: number, relevant: number): number {
  return dcgAt(ranks, k) / idealDcg(relevant);
}

/** 1 / rank of the first hit; 0 without one. */
export function reciprocalRank(ranks: ArrayLike<number>): number {
  return ranks.length === 0 ? 0 : 1 / (ranks[0] as number);
}

function dcgAt(ranks: ArrayLike<number>, k: number): number {
  const hits = hitsAt(ranks, k);
  let sum = 0;
  for (let i = 0; i < hits; i++) sum += 1 / Math.log2((ranks[i] as number) + 1);
  return sum;
}

function idealDcg(hits: number): number {
  let sum = 0;
  for (let rank = 1; rank <= hits; rank++) sum += 1 / Math.log2(rank + 1);
  return sum;
}

/** Arithmetic mean, summed in order in float64; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Mean of a property over the first k items of a list; NaN of an empty one. */
export function meanOver(list: Uint32Array, k: number, property: ArrayLike<number>): number {
  const size = Math.min(k, list.length);
  let sum = 0;
  for (let n = 0; n < size; n++) sum += property[list[n] as number] as number;
  return sum / size;
}

/** Share of the items that are listed at all. (items) how often each is. */
export function coverageOf(exposures: Float64Array): number {
  return exposures.reduce((listed, exposure) => listed + Number(exposure > 0), 0) / exposures.length;
}

/**
 * Gini index of how often items are listed: sum over items i, rarest first, of (2 i - n - 1) x_i, / (n sum of x). 0 where
 * all are listed alike, (n - 1) / n where one has every place (Fleder and Hosanagar 2009; Shani and Gunawardana 2011).
 */
export function giniOf(exposures: Float64Array): number {
  const n = exposures.length;
  let weighted = 0;
  let total = 0;
  for (const [at, exposure] of exposures.slice().sort().entries()) {
    weighted += (2 * at + 1 - n) * exposure;
    total += exposure;
  }
  return weighted / (n * total);
}
