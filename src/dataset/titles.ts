import type { Table } from 'apache-arrow';
import { DataError } from '../errors.js';
import { editDistance } from '../options.js';

const YEAR = / ?\(\d{4}\)$/;
const PARENTHESES = / ?\([^()]*\)$/;
const ARTICLES = "the|a|an|le|la|les|l'|un|une|der|die|das|ein|eine|el|los|las|il|lo|gli|i|o|os|as";
/** "matrix, the (1999)", with what may follow the article. */
const TRAILING_ARTICLE = new RegExp(`^(.+), (${ARTICLES})((?: \\(.*)?)$`);
const LEADING_ARTICLE = new RegExp(`^(?:l'|(?:${ARTICLES}) )`);

const exact = (title: string): string => title;
const folded = (title: string): string => title.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();
const articleFirst = (text: string): string =>
  folded(text).replace(
    TRAILING_ARTICLE,
    (_, name: string, article: string, rest: string) => `${article}${article.endsWith("'") ? '' : ' '}${name}${rest}`,
  );
const withoutYear = (title: string): string => articleFirst(folded(title).replace(YEAR, ''));
const bare = (title: string): string => {
  let text = folded(title);
  // "(Untitled) (2009)" keeps its last group.
  for (let shorter = text.replace(PARENTHESES, ''); shorter !== text && shorter !== ''; ) {
    text = shorter;
    shorter = text.replace(PARENTHESES, '');
  }
  return articleFirst(text);
};

/** What is compared by spelling: an article missing or elsewhere is no misspelling. */
const stem = (title: string): string => bare(title).replace(LEADING_ARTICLE, '');

/** From strict to lenient: how a title is filed, and how a text asks for it. A text keeps its year: it must not match another. */
const LEVELS: readonly { key: (title: string) => string; ask: (text: string) => string }[] = [
  { key: exact, ask: exact },
  { key: folded, ask: folded },
  { key: articleFirst, ask: articleFirst },
  { key: withoutYear, ask: articleFirst },
  { key: bare, ask: articleFirst },
];

/** Finds items by title. */
export class Titles {
  readonly #titles: readonly (string | null)[];
  /** Item indices, most popular first: of equal titles the first one wins. */
  readonly #order: Uint32Array;
  readonly #levels: (Map<string, number> | undefined)[] = [];

  /**
   * @param itemTable metadata in index order; DataError when it is missing or has no column `title`.
   * @param itemCounts (numItems) popularity.
   */
  constructor(itemTable: Table | undefined, itemCounts: Uint32Array) {
    const column = itemTable?.getChild('title');
    if (column == null) throw new DataError('There are no titles: give the dataset `items` with a column `title`');
    this.#titles = Array.from(column, (title: unknown) => (title === null ? null : String(title)));
    this.#order = Uint32Array.from(itemCounts.keys()).sort(
      (a, b) => (itemCounts[b] as number) - (itemCounts[a] as number) || a - b,
    );
  }

  /**
   * The item index of a title: exact, else in any case, else with the article in front or behind ("The Matrix (1999)" and
   * "Matrix, The (1999)"), else without the year, else without anything in parentheses. Of several items with that title
   * the one with most interactions. DataError ERR_PALATE_UNKNOWN_ID with the 3 nearest titles when there is none.
   */
  find(text: string): number {
    for (const [level, { ask }] of LEVELS.entries()) {
      const item = this.#level(level).get(ask(text));
      if (item !== undefined) return item;
    }
    const near = this.#nearest(text, 3).map((title) => JSON.stringify(title));
    const hint = near.length === 0 ? '' : `; nearest: ${near.join(', ')}`;
    throw new DataError(`Unknown title ${JSON.stringify(text)}${hint}`, { code: 'ERR_PALATE_UNKNOWN_ID', value: text });
  }

  #level(level: number): Map<string, number> {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    const index = new Map<string, number>();
    const { key } = LEVELS[level] as (typeof LEVELS)[number];
    for (const item of this.#order) {
      const title = this.#titles[item];
      if (title == null) continue;
      const filed = key(title);
      if (!index.has(filed)) index.set(filed, item);
    }
    this.#levels[level] = index;
    return index;
  }

  /** Titles that hold the text, most popular first, then those with the smallest edit distance. */
  #nearest(text: string, count: number): string[] {
    const wanted = stem(text);
    const best: { title: string; distance: number }[] = [];
    for (const item of this.#order) {
      const title = this.#titles[item];
      if (title == null) continue;
      const candidate = stem(title);
      const worst = best.length < count ? Number.POSITIVE_INFINITY : (best[count - 1]?.distance ?? 0);
      // The distance is at least the difference in length.
      if (!candidate.includes(wanted) && Math.abs(candidate.length - wanted.length) >= worst) continue;
      const distance = wanted !== '' && candidate.includes(wanted) ? 0 : editDistance(candidate, wanted);
      if (distance >= worst) continue;
      best.push({ title, distance });
      best.sort((a, b) => a.distance - b.distance);
      best.length = Math.min(best.length, count);
    }
    return best.map(({ title }) => title);
  }
}
