import { Table, Utf8, vectorFromArray } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { Titles } from '../../src/dataset/titles.js';
import { DataError } from '../../src/errors.js';
import { idVector } from './fixtures.js';

const names = [
  'Toy Story (1995)',
  'Matrix, The (1999)',
  'Matrix Reloaded, The (2003)',
  'King Kong (1933)',
  'King Kong (2005)',
  "Avventura, L' (a.k.a. Adventure, The) (1960)",
  'Seven (a.k.a. Se7en) (1995)',
  'heat',
  'Heat (1995)',
  'City of Lost Children, The (Cité des enfants perdus, La) (1995)',
  null,
  '2001: A Space Odyssey (1968)',
  'Boat, The (Das Boot) (1981)',
  '(Untitled) (2009)',
];
const table = new Table({ itemId: idVector(names.map((_, i) => i)), title: vectorFromArray(names, new Utf8()) });
const counts = Uint32Array.from(names, (_, i) => (i === 4 ? 50 : 10 - (i % 5)));
const titles = new Titles(table, counts);

test('from exact to lenient', () => {
  const wanted: [string, number][] = [
    ['Toy Story (1995)', 0],
    ['toy  STORY (1995) ', 0],
    ['Toy Story', 0],
    ['Matrix, The (1999)', 1],
    ['The Matrix (1999)', 1],
    ['the matrix', 1],
    ['Matrix, the', 1],
    ['The Matrix Reloaded', 2],
    ["L'Avventura", 5],
    ['Seven', 6],
    ['Seven (a.k.a. Se7en)', 6],
    ['heat', 7],
    ['Heat (1995)', 8],
    ['The City of Lost Children', 9],
    ['2001: a space odyssey', 11],
    ['The Boat', 12],
    ['(untitled)', 13],
  ];
  for (const [text, item] of wanted) assert.is(titles.find(text), item, text);
});

test('of equal titles the most popular, then the first', () => {
  assert.is(titles.find('King Kong'), 4);
  assert.is(titles.find('King Kong (1933)'), 3);
  assert.is(new Titles(table, new Uint32Array(names.length)).find('king kong'), 3);
});

test('a wrong year is no hit', () => {
  assert.throws(() => titles.find('Toy Story (1996)'));
});

test('unknown titles name the nearest three', () => {
  const message = (text: string): string => {
    try {
      titles.find(text);
    } catch (error) {
      assert.instance(error, DataError);
      assert.is((error as DataError).code, 'ERR_PALATE_UNKNOWN_ID');
      assert.is((error as DataError).value, text);
      return (error as DataError).message;
    }
    return assert.unreachable() as never;
  };
  assert.match(message('Matrx'), /^Unknown title "Matrx"; nearest: "Matrix, The \(1999\)", /);
  assert.match(
    message('matri'),
    /^Unknown title "matri"; nearest: "Matrix, The \(1999\)", "Matrix Reloaded, The \(2003\)", /,
  );
  assert.match(message('The Aventura'), /; nearest: "Avventura, L' /);
  assert.match(message('Toy Storey'), /^Unknown title "Toy Storey"; nearest: "Toy Story \(1995\)", "[^"]+", "[^"]+"$/);
  assert.match(message(''), /^Unknown title ""; nearest: /);
});

test('a dataset without titles says so', () => {
  assert.throws(
    () => new Titles(undefined, counts),
    /There are no titles: give the dataset `items` with a column `title`/,
  );
  const ratings = new Table({ userId: idVector([1, 2, 2]), itemId: idVector([4, 4, 0]) });
  const data = Dataset.fromTable(ratings, { items: table });
  assert.is(data.findTitle('King Kong'), 1);
  assert.is(data.findTitle('Toy Story'), 0);
  assert.throws(() => data.findTitle('The Matrix'), /Unknown title "The Matrix"; nearest: /);
  assert.throws(() => Dataset.fromTable(ratings).findTitle('x'), /There are no titles/);
});

test.run();
