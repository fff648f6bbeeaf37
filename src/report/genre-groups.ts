/** What an item without any of the groups' genres belongs to. */
export const OTHER_GENRES = 'other';

/** A genre that fewer than this share of the items have makes no group. */
const LEAST_SHARE = 0.03;

/**
 * One genre for each item, from at most `most` of them: the rarest of its genres, as "Animation" says more of a film than
 * "Comedy". `groups` is in order of size, with `OTHER_GENRES` last where some item needs it.
 *
 * @param genres (items) genres of each
 */
export function groupByGenre(
  genres: readonly (readonly string[])[],
  most: number,
): { groups: string[]; groupOf: string[] } {
  const counts = tally(genres.flat());
  const frequent = new Set(
    [...counts].filter(([, count]) => count >= LEAST_SHARE * genres.length).map(([name]) => name),
  );
  const rarest = (names: readonly string[], among: ReadonlySet<string>): string =>
    names
      .filter((name) => among.has(name))
      .sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || (a < b ? -1 : 1))[0] ?? OTHER_GENRES;
  const chosen = new Set(
    bySize(tally(genres.map((names) => rarest(names, frequent))))
      .filter((name) => name !== OTHER_GENRES)
      .slice(0, most),
  );
  const groupOf = genres.map((names) => rarest(names, chosen));
  const groups = bySize(tally(groupOf)).filter((name) => name !== OTHER_GENRES);
  return { groups: groupOf.includes(OTHER_GENRES) ? [...groups, OTHER_GENRES] : groups, groupOf };
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

const bySize = (counts: ReadonlyMap<string, number>): string[] =>
  [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
