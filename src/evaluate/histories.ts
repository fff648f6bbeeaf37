import { Table } from 'apache-arrow';
import { Dataset } from '../dataset/dataset.js';
import { Interactions } from '../dataset/interactions.js';
import type { Vocabulary } from '../dataset/vocabulary.js';
import { typeError } from '../options.js';
import type { ItemLists } from '../recommend/history.js';
import type { HistorySearch } from '../recommend/serving.js';
import { servingOf } from '../recommend/serving-of.js';
import type { HistoryEntry, ModelData } from '../types.js';
import type { Ranker } from './ranker.js';
import { mapIds } from './test-set.js';

/** Users whom a model was not trained on, and what they have in its item indices. */
export interface Asked {
  users: Vocabulary;
  seen: Interactions;
  /** Values of `seen` are no ratings. */
  implicit: boolean;
}

/** Histories in the item indices of a model; items that it does not know are left out. */
export function readHistories(data: ModelData, histories: Dataset | Table): Asked {
  if (!(histories instanceof Dataset) && !Table.isTable(histories)) {
    throw typeError('histories', 'a Dataset or an Arrow Table', histories);
  }
  const given = histories instanceof Dataset ? histories : Dataset.fromTable(histories);
  const itemMap = mapIds(given.items, data.items, 'item');
  const { offsets, items, values, numUsers } = given.interactions;
  const seen = { offsets: new Uint32Array(numUsers + 1), items: [] as number[], values: [] as number[] };
  for (let user = 0; user < numUsers; user++) {
    const known = Array.from({ length: (offsets[user + 1] as number) - (offsets[user] as number) }, (_, n) => {
      const at = (offsets[user] as number) + n;
      return { item: itemMap[items[at] as number] as number, value: values[at] as number };
    }).filter(({ item }) => item < data.items.size);
    known.sort((a, b) => a.item - b.item);
    for (const { item, value } of known) {
      seen.items.push(item);
      seen.values.push(value);
    }
    seen.offsets[user + 1] = seen.items.length;
  }
  return {
    users: given.users,
    seen: new Interactions({
      numUsers,
      numItems: data.items.size,
      offsets: seen.offsets,
      items: Uint32Array.from(seen.items),
      values: Float32Array.from(seen.values),
      times: undefined,
    }),
    implicit: given.implicit,
  };
}

/** Users folded in together: their rows, and what of them a search holds, stay small. */
const AT_ONCE = 256;

/** Ranks for users who are folded in, many at a time. */
export function historyRanker(
  data: ModelData,
  { seen, implicit }: Asked,
  threads: number | undefined,
  device: number | undefined,
): Ranker {
  const serving = servingOf(data);
  const historyOf = (user: number): HistoryEntry[] => {
    const ratings = seen.valuesOf(user);
    return Array.from(seen.itemsOf(user), (item, n) => ({
      item: data.items.id(item),
      ...(!implicit && !data.implicit && { rating: ratings[n] as number }),
    }));
  };
  const fold = (users: Uint32Array): HistorySearch => serving.forHistories(Array.from(users, historyOf), undefined);
  return {
    dim: serving.dim,
    async rank({ users, k, candidates }, signal) {
      const lists = new Uint32Array(users.length * k);
      for (let first = 0; first < users.length; first += AT_ONCE) {
        const { search, lists: exclude } = fold(users.subarray(first, first + AT_ONCE));
        lists.set((await search.start({ k, exclude, candidates, threads, device }, signal)).indices, first * k);
      }
      return lists;
    },
    async rankFirst({ users, candidates, targets }, signal) {
      const ranks = new Uint32Array(users.length);
      for (let first = 0; first < users.length; first += AT_ONCE) {
        const { search, lists: exclude } = fold(users.subarray(first, first + AT_ONCE));
        const wanted = listsOf(targets, first, first + search.count);
        ranks.set(await search.rankFirst({ exclude, candidates, targets: wanted, threads }, signal), first);
      }
      return ranks;
    },
    rankAmong: (user, items) => fold(Uint32Array.of(user)).search.sort(items),
  };
}

/** The lists begin ... end - 1 alone. */
function listsOf({ offsets, items }: ItemLists, begin: number, end: number): ItemLists {
  const start = offsets[begin] as number;
  return {
    offsets: offsets.slice(begin, end + 1).map((offset) => offset - start),
    items: items.subarray(start, offsets[end]),
  };
}
