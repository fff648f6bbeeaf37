/** Ranking and rating metrics written from their definitions, by sorting; the slow twin of src/evaluate. */

export interface OracleRow {
  user: number;
  item: number;
  rating: number;
}

export interface OracleCase {
  /** score(user, item) */
  scores: readonly (readonly number[])[];
  train: readonly OracleRow[];
  /** Indices outside the training data stand for unknown ids. */
  test: readonly OracleRow[];
  threshold?: number;
  /** Items that compete for a user's list; default: all training items that he has not seen. */
  offered?: (user: number) => readonly number[];
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const unique = (values: readonly number[]): number[] => [...new Set(values)];
const dcg = (gains: readonly number[]): number => sum(gains.map((gain, i) => gain / Math.log2(i + 2)));

/** Metrics of one list from its 0/1 gains, best place first, and the number of relevant items. */
export function oracleListMetrics(gains: readonly number[], k: number, relevant: number): Record<string, number> {
  const top = gains.slice(0, k);
  const ideal = Array.from({ length: relevant }, () => 1);
  const precisions = top.map((gain, i) => gain * mean(top.slice(0, i + 1)));
  return {
    precision: sum(top) / k,
    recall: sum(top) / relevant,
    truncatedRecall: sum(top) / Math.min(k, relevant),
    hitRate: Math.max(0, ...top),
    map: sum(precisions) / Math.min(k, relevant),
    ndcg: dcg(top) / dcg(ideal.slice(0, k)),
    ndcgFull: dcg(top) / dcg(ideal),
  };
}

export interface OracleResult {
  users: number[];
  metrics: Record<string, number>;
  perUser: Record<string, number[]>;
}

export function oracleEvaluate({ scores, train, test, threshold, offered }: OracleCase, k: number): OracleResult {
  const trainUsers = unique(train.map((row) => row.user));
  const trainItems = unique(train.map((row) => row.item));
  const isSeen = (user: number, item: number) => train.some((row) => row.user === user && row.item === item);
  const relevantOf = (user: number) =>
    test
      .filter((row) => row.user === user && trainItems.includes(row.item) && !isSeen(user, row.item))
      .filter((row) => threshold === undefined || row.rating >= threshold)
      .map((row) => row.item);
  const users = unique(test.map((row) => row.user))
    .filter((user) => trainUsers.includes(user) && relevantOf(user).length > 0)
    .sort((a, b) => a - b);

  const perUser: Record<string, number[]> = {};
  const note = (name: string, value: number) => {
    perUser[name] = [...(perUser[name] ?? []), value];
  };
  const listed: number[] = [];
  for (const user of users) {
    const competing = offered?.(user) ?? trainItems.filter((item) => !isSeen(user, item));
    const score = (item: number) => scores[user]?.[item] as number;
    const ranking = [...competing].sort((a, b) => score(b) - score(a) || a - b);
    const relevant = relevantOf(user);
    const gains = ranking.map((item) => (relevant.includes(item) ? 1 : 0));
    for (const [name, value] of Object.entries(oracleListMetrics(gains, k, relevant.length))) {
      note(`${name}@${k}`, value);
    }
    note('mrr', gains.includes(1) ? 1 / (gains.indexOf(1) + 1) : 0);
    const list = ranking.slice(0, k);
    const share = (item: number) => train.filter((row) => row.item === item).length / trainUsers.length;
    note(`novelty@${k}`, mean(list.map((item) => -Math.log2(share(item)))));
    note(`popularity@${k}`, mean(list.map(share)));
    note(`diversity@${k}`, oracleListDiversity(train, list));
    listed.push(...list);
  }
  const defined = (values: readonly number[]): number[] => values.filter((value) => !Number.isNaN(value));
  const metrics = Object.fromEntries(Object.entries(perUser).map(([name, values]) => [name, mean(defined(values))]));
  metrics[`gini@${k}`] = oracleGini(trainItems.map((item) => listed.filter((other) => other === item).length));
  metrics[`coverage@${k}`] = unique(listed).length / trainItems.length;
  return { users, metrics, perUser };
}

const pairsOf = (list: readonly number[]): (readonly [number, number])[] =>
  list.flatMap((i, n) => list.slice(n + 1).map((j) => [i, j] as const));

/** Mean distance of the pairs of a list. */
export const oracleListDiversity = (train: readonly OracleRow[], list: readonly number[]): number =>
  mean(pairsOf(list).map(([i, j]) => 1 - cosineOfItems(train, i, j)));

/** Cosine of two items as 0/1 vectors over users. */
function cosineOfItems(train: readonly OracleRow[], i: number, j: number): number {
  const usersOf = (item: number) => train.filter((row) => row.item === item).map((row) => row.user);
  const both = usersOf(i).filter((user) => usersOf(j).includes(user)).length;
  return both / Math.sqrt(usersOf(i).length * usersOf(j).length);
}

/** Half the mean difference of all pairs, over the mean. */
export function oracleGini(values: readonly number[]): number {
  const differences = values.flatMap((x) => values.map((y) => Math.abs(x - y)));
  return mean(differences) / (2 * mean(values));
}

/** Errors of predictions clipped to the range of the training ratings. */
export function oracleRatingErrors(
  train: readonly OracleRow[],
  test: readonly OracleRow[],
  predicted: readonly number[],
): { rmse: number; mae: number } {
  const ratings = train.map((row) => row.rating).sort((a, b) => a - b);
  const clip = (x: number) => [ratings[0] as number, x, ratings.at(-1) as number].sort((a, b) => a - b)[1] as number;
  const errors = test.map((row, i) => row.rating - clip(predicted[i] as number));
  return { rmse: Math.sqrt(mean(errors.map((e) => e ** 2))), mae: mean(errors.map(Math.abs)) };
}
