import type { Dataset, Id } from '../index.js';

/** Who a recipe recommends to. */
export interface ChosenUser {
  user: { id: Id; ratings: number; chosen: string };
  index: number;
  /** All that he rated, in training or not: no news to him. */
  rated: Id[];
}

/** The user with the median number of ratings among those who have any: neither a newcomer nor a collector. */
export function chooseUser(data: Dataset): ChosenUser {
  const counts = data.interactions.userCounts();
  const order = Array.from(counts.keys())
    .filter((user) => (counts[user] as number) > 0)
    .sort((a, b) => (counts[a] as number) - (counts[b] as number) || a - b);
  const index = order[order.length >> 1] as number;
  return {
    user: {
      id: data.users.id(index),
      ratings: counts[index] as number,
      chosen: 'the user with the median number of ratings',
    },
    index,
    rated: data.items.ids(data.interactions.itemsOf(index)),
  };
}

/** The film whose neighbours are shown: Toy Story (1995), or the most rated item where the data lacks it. */
export function chooseFilm(data: Dataset): { id: Id; index: number; title: string | undefined } {
  const items = Array.from({ length: data.numItems }, (_, item) => item);
  const named = items.find((item) => data.title(item) === 'Toy Story (1995)');
  const index = named ?? (byPopularity(data)[0] as number);
  return { id: data.items.id(index), index, title: data.title(index) };
}

/** Item indices, most rated first. */
export function byPopularity(data: Dataset): number[] {
  const counts = data.interactions.itemCounts();
  return Array.from(counts.keys()).sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b);
}

/** Least number of ratings of a film in a list of similar ones: of fewer, little more than chance is known. */
const WELL_KNOWN = 20;

/** The films that similar ones are looked for among, and how they were chosen. */
export function wellKnown(data: Dataset): { among: string; candidateItems: Id[] } {
  const counts = data.interactions.itemCounts();
  const items = Uint32Array.from(counts.keys()).filter((item) => (counts[item] as number) >= WELL_KNOWN);
  return { among: `among films with ${WELL_KNOWN} ratings or more`, candidateItems: data.items.ids(items) };
}
