// Models to save, and how to compare them.
import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Bool, Field, Int32, List, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { Interactions } from '../../src/dataset/interactions.js';
import { type Ids, Vocabulary } from '../../src/dataset/vocabulary.js';
import type { FactorModelData, FactorParameters, ModelData } from '../../src/types.js';

export const folder: string = mkdtempSync(path.join(tmpdir(), 'palate-model-file-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export interface Wanted {
  users?: Ids;
  items?: Ids;
  dim?: number;
  times?: boolean;
  tables?: boolean;
  fields?: boolean;
  history?: boolean;
  parameters?: Partial<FactorParameters>;
}

/** Numbers that differ from place to place, the same in each run. */
const numbers = (length: number, salt: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + salt * 78.233) * 3);

/** A small model: user u rated the items whose index + u is no multiple of 3. */
export function makeModel(wanted: Wanted = {}): FactorModelData {
  const users = new Vocabulary(wanted.users ?? Int32Array.of(-7, 1, 2, 30, 2 ** 31 - 1));
  const items = new Vocabulary(wanted.items ?? Int32Array.of(5, 6, 7, 900));
  const dim = wanted.dim ?? 3;
  const lists = Array.from({ length: users.size }, (_, user) =>
    Array.from({ length: items.size }, (_, item) => item).filter((item) => (item + user) % 3 !== 0),
  );
  const seen = lists.flat();
  const offsets = Uint32Array.from([0, ...lists.map((_, user) => lists.slice(0, user + 1).flat().length)]);
  return {
    name: dim === 0 ? 'popularity' : 'fm',
    options: {
      model: dim === 0 ? 'popularity' : 'fm',
      seed: 42,
      dim,
      regularization: { user: 0.1, item: 1e-300, bias: -0, feature: 0.1 + 0.2 },
      schedule: { type: 'multiStep', epochs: [1, 2], factor: 0.5 },
      note: 'é\u2028"\\ \ud83c\udfac',
      none: null,
      biases: true,
    },
    users,
    items,
    seen: new Interactions({
      numUsers: users.size,
      numItems: items.size,
      offsets,
      items: Uint32Array.from(seen),
      values: Float32Array.from(seen, (item) => 1 + (item % 9) / 2),
      times: wanted.times ? Float64Array.from(seen, (_, i) => 1.5e9 + i * 0.1) : undefined,
    }),
    itemTable: wanted.tables ? itemTable(items) : undefined,
    userTable: wanted.tables ? userTable(users) : undefined,
    implicit: false,
    parameters: {
      kind: 'factors',
      dim,
      globalBias: 0.1 + 0.2,
      userFactors: numbers(users.size * dim, 1),
      itemFactors: numbers(items.size * dim, 2),
      userBiases: numbers(users.size, 3),
      itemBiases: numbers(items.size, 4),
      link: 'sigmoid',
      range: { min: 0.5, max: 5 },
      fields: wanted.fields ? makeFields(users.size, items.size, dim) : [],
      ...wanted.parameters,
    },
    history: wanted.history
      ? [
          { epoch: 1, learningRate: 0.1, train: { loss: 1 / 3, rmse: 0.9 }, valid: { loss: 2 / 3 } },
          { epoch: 2, learningRate: 0.05, train: { loss: Number.NaN } },
        ]
      : [],
    metrics: { validRmse: 0.87, trainLoss: 1e-7, worst: Number.POSITIVE_INFINITY },
  };
}

function makeFields(numUsers: number, numItems: number, dim: number): FactorParameters['fields'] {
  const oneEach = (rows: number): Uint32Array => Uint32Array.from({ length: rows + 1 }, (_, row) => row);
  return [
    {
      name: 'genres',
      side: 'item',
      labels: ['Action', 'Comédie', '', '喜剧'],
      offsets: Uint32Array.from({ length: numItems + 1 }, (_, row) => (row === 0 ? 0 : 2)),
      indices: numItems === 0 ? new Uint32Array(0) : Uint32Array.of(1, 3),
      factors: numbers(4 * dim, 5),
      biases: numbers(4, 6),
    },
    {
      name: 'age',
      side: 'user',
      bucket: 10,
      labels: ['10–19', '20–29'],
      offsets: oneEach(numUsers),
      indices: Uint32Array.from({ length: numUsers }, (_, row) => row % 2),
      factors: numbers(2 * dim, 7),
      biases: numbers(2, 8),
    },
  ];
}

/** Metadata with nulls, lists (empty and with nulls), dictionaries and booleans. */
function itemTable(items: Vocabulary): Table {
  const rows = Array.from({ length: items.size }, (_, i) => i);
  const list = new List(new Field('item', new Utf8(), true));
  return new Table({
    itemId: items.toVector(),
    title: vectorFromArray(
      rows.map((i) => (i === 1 ? null : `Film ${i} ✓`)),
      new Utf8(),
    ),
    genres: vectorFromArray(
      rows.map((i) => [null, [], ['a', null, 'bc'], ['d']][i % 4] ?? null),
      list,
    ),
    year: vectorFromArray(
      rows.map((i) => (i === 2 ? null : 1990 + i)),
      new Int32(),
    ),
    colour: vectorFromArray(
      rows.map((i) => i % 2 === 0),
      new Bool(),
    ),
    language: vectorFromArray(rows.map((i) => (i === 3 ? null : ['en', 'fr'][i % 2]))),
    cost: makeVector(Float64Array.from(rows, (i) => i / 7)),
  });
}

function userTable(users: Vocabulary): Table {
  const sexes = Array.from({ length: users.size }, (_, i) => (i % 2 === 0 ? 'F' : null));
  return new Table({ userId: users.toVector(), sex: vectorFromArray(sexes, new Utf8()) });
}

const plain = (value: unknown): unknown =>
  value === null || typeof value !== 'object' ? value : Array.from(value as Iterable<unknown>, plain);

const columnsOf = (table: Table | undefined): unknown =>
  table?.schema.fields.map(({ name }) => [name, plain(table.getChild(String(name)))]);

const idsOf = (ids: Vocabulary): unknown => [ids.kind, Array.from({ length: ids.size }, (_, i) => ids.id(i))];

/** Everything a model holds, comparable by value. */
function contentsOf(model: ModelData): Record<string, unknown> {
  const { numUsers, numItems, size, offsets, items, values, times } = model.seen;
  return {
    ...model,
    users: idsOf(model.users),
    items: idsOf(model.items),
    seen: { numUsers, numItems, size, offsets, items, values, times },
    itemTable: columnsOf(model.itemTable),
    userTable: columnsOf(model.userTable),
  };
}

/** Reads every value of a table; what a damaged one must survive, too. */
export const readTable = (table: Table | undefined): void => void columnsOf(table);

export function assertSameModel(actual: ModelData, expected: ModelData): void {
  // node:assert tells -0 from 0 and one kind of typed array from another, which uvu's does not.
  const [a, b] = [contentsOf(actual), contentsOf(expected)];
  for (const key of Object.keys(b)) assert.deepStrictEqual(a[key], b[key], key);
}
