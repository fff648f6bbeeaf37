import { Field, List, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { Model } from '../../src/model.js';
import type { EpochRecord, FactorModelData } from '../../src/types.js';
import { tinyModel } from '../support/tiny-model.js';

/** Losses that fall from `first` towards 0, validation above training. */
export const epochs = (count: number, first = 1): EpochRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    epoch: i + 1,
    learningRate: 0.01,
    train: { loss: first / (i + 1) },
    valid: { loss: (1.1 * first) / (i + 1) },
  }));

/** A tiny model with a history, and with titles and genres of our choice. */
export function modelOf({
  numItems = 33,
  titles = (item: number) => `Film ${item} (1999)`,
  ...options
}: {
  numItems?: number;
  dim?: number;
  titles?: (item: number) => string;
} = {}): Model {
  const data: FactorModelData = tinyModel({ numItems, ...options });
  const names = Array.from({ length: numItems }, (_, item) => titles(item));
  return new Model({
    ...data,
    itemTable: new Table({
      title: vectorFromArray(names, new Utf8()),
      genres: vectorFromArray(
        names.map((_, item) => (item % 2 === 0 ? ['Comedy'] : ['Horror', 'Comedy'])),
        new List(new Field('genre', new Utf8())),
      ),
    }),
    history: epochs(20),
  });
}

/** How often a pattern occurs. */
export const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
