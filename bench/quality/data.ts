import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Table } from 'apache-arrow';
import { Dataset, kFold, readItems, readRatings, splitByUser } from '../../src/index.js';

export interface Parts {
  train: Dataset;
  test: Dataset;
}

/** A folder with ratings.csv and movies.csv as ml-latest-small has them. */
export async function readTables(folder: string): Promise<{ ratings: Table; items: Table }> {
  const [ratings, items] = await Promise.all([
    readRatings(path.join(folder, 'ratings.csv')),
    readItems(path.join(folder, 'movies.csv')),
  ]);
  return { ratings, items };
}

/** Five folds of all ratings: those of a file that names the fold (0 to 4) of each row of `ratings`, or random ones. */
export function explicitFolds({ ratings, items }: { ratings: Table; items: Table }, file: string | undefined): Parts[] {
  const data = Dataset.fromTable(ratings, { items });
  if (file === undefined) return kFold(data, { folds: 5, seed: 0 });
  const folds = readFileSync(file, 'utf8').trim().split(/\s+/).map(Number);
  if (folds.length !== ratings.numRows || folds.length !== data.numInteractions) {
    throw new Error(`${file} has ${folds.length} folds for ${data.numInteractions} ratings`);
  }
  const foldOf = new Map<number, number>();
  const [users, movies] = ['userId', 'itemId'].map((name) => ratings.getChild(name)?.toArray() as Int32Array);
  for (const [row, fold] of folds.entries()) {
    foldOf.set(data.users.index(users[row]) * data.numItems + data.items.index(movies[row]), fold);
  }
  const { interactions } = data;
  const labels = interactions.users.map(
    (user, n) => foldOf.get(user * data.numItems + interactions.items[n]) as number,
  );
  return [0, 1, 2, 3, 4].map((fold) => ({
    train: data.subset(Uint8Array.from(labels, (label) => (label === fold ? 0 : 1))),
    test: data.subset(Uint8Array.from(labels, (label) => (label === fold ? 1 : 0))),
  }));
}

/** Ratings of at least 4 as likes, of each user 80 % to train on and 20 % to test. */
export function implicitParts({ ratings, items }: { ratings: Table; items: Table }, seed: number): Parts {
  const likes = Dataset.fromTable(ratings, { items, positiveThreshold: 4 });
  return splitByUser(likes, { fractions: { train: 0.8, test: 0.2 }, seed });
}
