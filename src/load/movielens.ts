import type { Encoding, Format } from './options.js';

/** Which of the three tables is read. */
export type TableKind = 'ratings' | 'items' | 'users';

/** How one file of a layout is written. Absent parts are found in the file, as for any other. */
export interface LayoutFile {
  name: string;
  delimiter?: string;
  /** False: a `"` is an ordinary character. */
  quoted?: boolean;
  header?: boolean;
  /** `utf-8 or latin-1`: decided by the bytes (ml-1m is latin-1, its successor ml-10m UTF-8). */
  encoding?: Encoding | 'utf-8 or latin-1';
  /** Position of each role; by the header's names when absent. */
  columns?: Readonly<Record<string, number>>;
  /** Own names for further columns, by position. */
  names?: readonly string[];
}

/** One published layout of MovieLens. */
export interface Layout {
  format: Exclude<Format, 'auto' | 'csv' | 'parquet'>;
  ratings: LayoutFile;
  items: LayoutFile;
  /** Absent: this layout has no users file. */
  users?: LayoutFile;
}

/** The flags of ml-100k's u.item from its 6th column on, in file order. */
export const ML_100K_GENRES: readonly string[] =
  'unknown Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western'.split(
    ' ',
  );

/** Occupations of ml-1m's users.dat by code, from its README. */
export const ML_1M_OCCUPATIONS: readonly string[] = [
  'other or not specified',
  'academic/educator',
  'artist',
  'clerical/admin',
  'college/grad student',
  'customer service',
  'doctor/health care',
  'executive/managerial',
  'farmer',
  'homemaker',
  'K-12 student',
  'lawyer',
  'programmer',
  'retired',
  'sales/marketing',
  'scientist',
  'self-employed',
  'technician/engineer',
  'tradesman/craftsman',
  'unemployed',
  'writer',
];

const BY_POSITION = { user: 0, item: 1, rating: 2, time: 3 };
const COLONS = { delimiter: '::', quoted: false, header: false, encoding: 'utf-8 or latin-1' } as const;
const BARS = { delimiter: '|', quoted: false, header: false } as const;

/** ml-latest*, ml-20m, ml-25m, ml-32m · ml-1m, ml-10m · ml-100k. */
export const LAYOUTS: readonly Layout[] = [
  {
    format: 'ml-latest',
    ratings: { name: 'ratings.csv', delimiter: ',', header: true },
    items: { name: 'movies.csv', delimiter: ',', header: true },
  },
  {
    format: 'ml-1m',
    ratings: { ...COLONS, name: 'ratings.dat', encoding: 'utf-8', columns: BY_POSITION },
    items: { ...COLONS, name: 'movies.dat', columns: { item: 0, title: 1, genres: 2 } },
    users: { ...COLONS, name: 'users.dat', columns: { user: 0, sex: 1, age: 2, occupation: 3, zip: 4 } },
  },
  {
    format: 'ml-100k',
    ratings: { name: 'u.data', delimiter: '\t', quoted: false, header: false, columns: BY_POSITION },
    items: {
      ...BARS,
      name: 'u.item',
      encoding: 'latin-1',
      columns: { item: 0, title: 1, year: 2 },
      names: ['', '', 'releaseDate', 'videoReleaseDate', 'imdbUrl'],
    },
    users: {
      ...BARS,
      name: 'u.user',
      encoding: 'latin-1',
      columns: { user: 0, age: 1, sex: 2, occupation: 3, zip: 4 },
    },
  },
];

/** The layouts that have one of their files among `names` (bare file names). */
export function layoutsAmong(names: readonly string[]): Layout[] {
  return LAYOUTS.filter((layout) =>
    [layout.ratings, layout.items, layout.users].some((file) => file !== undefined && names.includes(file.name)),
  );
}

/** The layout and table that a bare file name such as `u.item` belongs to; `.csv` names are left to the header. */
export function layoutOfFile(name: string): { layout: Layout; kind: TableKind } | undefined {
  const bare = name.replace(/\.gz$/i, '');
  for (const layout of LAYOUTS) {
    for (const kind of ['ratings', 'items', 'users'] as const) {
      if (layout[kind]?.name === bare && !bare.endsWith('.csv')) return { layout, kind };
    }
  }
  return undefined;
}

/** The layouts and their files in words, for errors. */
export function describeLayouts(): string {
  return LAYOUTS.map((layout) => {
    const files = [layout.ratings, layout.items, layout.users].flatMap((file) => (file ? [file.name] : []));
    return `${layout.format} (${files.join(', ')})`;
  }).join(', ');
}
