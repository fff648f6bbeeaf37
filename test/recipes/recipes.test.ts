import { Table, vectorFromArray } from 'apache-arrow';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, sampleItems, sampleRatings } from '../../src/index.js';
import { recipes } from '../../src/recipes/index.js';
import { mergeFrames } from '../../src/recipes/matrix-factorization.js';
import type { RecipeInput, RecipeResult } from '../../src/recipes/recipe.js';

const test = suite('recipes');
const sample = (users = 300): RecipeInput => ({ ratings: sampleRatings({ users }), items: sampleItems(), seed: 3 });

/** People with an age, a sex and an occupation, as ml-100k has them. */
function people(count: number): Table {
  const of = <T>(value: (id: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i + 1));
  return new Table({
    userId: vectorFromArray(Int32Array.from(of((id) => id))),
    age: vectorFromArray(Int32Array.from(of((id) => 18 + (id % 50)))),
    sex: vectorFromArray(of((id) => (id % 2 === 0 ? 'F' : 'M'))),
    occupation: vectorFromArray(of((id) => (id % 3 === 0 ? 'artist' : 'writer'))),
  });
}

function run(name: string, input: RecipeInput): Promise<RecipeResult> {
  const recipe = recipes.find((candidate) => candidate.name === name);
  if (recipe === undefined) throw new Error(`no recipe ${name}`);
  return recipe.run(input);
}

const published: Record<string, { epochs: number; metrics: string[] }> = {
  'item-softmax': { epochs: 30, metrics: ['validCrossEntropy', 'testCrossEntropy'] },
  'matrix-factorization': { epochs: 1000, metrics: ['validMse', 'validRmse'] },
  'factorization-machine': { epochs: 10, metrics: ['validRmse'] },
  'rating-classifier': { epochs: 5, metrics: ['validBce'] },
  'co-likes': { epochs: 91, metrics: ['cost'] },
};

for (const { name } of recipes) {
  test(`${name} on the sample: both settings, lists without what was rated, finite figures`, async () => {
    const input = sample();
    const heard = new Map<string, number>();
    const result = await run(name, {
      ...input,
      onEpoch: (report, variant) => heard.set(variant.name, report.epoch),
    });
    assert.is(result.name, name);
    assert.equal(
      result.variants.map((variant) => variant.name),
      ['notebook', 'palate'],
    );
    const [notebook, palate] = result.variants as [RecipeResult['variants'][0], RecipeResult['variants'][0]];
    assert.is(notebook.epochs.length, published[name]?.epochs);
    assert.equal(result.epochs, palate.epochs);
    for (const variant of result.variants) assert.is(heard.get(variant.name), variant.epochs.length);
    for (const metric of published[name]?.metrics ?? []) assert.type(result.metrics[metric], 'number');
    const figures = [...result.variants.map((variant) => variant.metrics), result.metrics].flatMap(Object.values);
    assert.ok(figures.every(Number.isFinite), figures.join(' '));

    const data = Dataset.fromTable(input.ratings);
    const rated = data.items.ids(data.interactions.itemsOf(data.users.index(result.user.id)));
    assert.is(result.user.ratings, rated.length);
    assert.is(result.recommendations.length, 10);
    assert.ok(result.recommendations.every((item) => !rated.includes(item.itemId) && item.title !== undefined));
    assert.is(result.similarTo.title, 'Toy Story (1995)');
    assert.is(result.similar.length, 10);
    assert.ok(result.similar.every((item) => item.itemId !== result.similarTo.itemId));
    assert.ok(result.sections.every((section) => section.rows.length > 0));
    assert.equal(JSON.parse(JSON.stringify(result)).metrics, result.metrics);
  });
}

test('the same seed gives the same figures with one thread and with two', async () => {
  const figures = ({ metrics, recommendations, similar }: RecipeResult) => ({ metrics, recommendations, similar });
  const one = await run('factorization-machine', { ...sample(150), threads: 1 });
  const two = await run('factorization-machine', { ...sample(150), threads: 2 });
  assert.equal(figures(one), figures(two));
});

test('metadata bring the films of a kind together, and score films without a rating', async () => {
  const { similar, sections } = await run('factorization-machine', sample(1000));
  const animated = similar.filter((film) => film.genres?.includes('Animation')).length;
  assert.ok(animated >= 7, `${animated} of 10 are animated`);
  const cold = sections.find((section) => section.title.startsWith('Films without a rating'));
  for (const film of (cold?.rows ?? []) as { title: string; score: number; theirMean: number }[]) {
    // Half a star of a film's mean is its own, which no genre tells.
    assert.ok(Math.abs(film.score - film.theirMean) < 1, `${film.title}: ${film.score}, rated ${film.theirMean}`);
  }
});

test('ratings, movies and users merge into one table without copies', async () => {
  const { ratings, items } = sample(50);
  const data = Dataset.fromTable(ratings, { items, users: people(50) });
  const frame = mergeFrames(data);
  assert.is(frame.numRows, data.numInteractions);
  assert.is(frame.getChild('rating')?.toArray().buffer, data.interactions.values.buffer);
  for (const at of [0, 1, 777, frame.numRows - 1]) {
    const row = frame.get(at)?.toJSON() as Record<string, unknown>;
    const user = data.interactions.users[at] as number;
    const item = data.interactions.items[at] as number;
    assert.is(row.userId, data.users.id(user));
    assert.is(row.itemId, data.items.id(item));
    assert.is(row.title, data.title(item));
    assert.is(row.rating, data.interactions.values[at]);
    assert.is(row.sex, (row.userId as number) % 2 === 0 ? 'F' : 'M');
    assert.is(row.age, 18 + ((row.userId as number) % 50));
  }
});

test('users with metadata: the merged frame is shown, and fm uses it', async () => {
  const input = { ...sample(120), users: people(120) };
  const factorization = await run('matrix-factorization', input);
  assert.equal(Object.keys(factorization.sections[0]?.rows[0] ?? {}), [
    'userId',
    'rating',
    'title',
    'age',
    'sex',
    'occupation',
  ]);
  const machine = await run('factorization-machine', input);
  assert.match(machine.variants[1]?.about as string, 'genres, year, age, sex, occupation');
});

test('ratings alone are enough', async () => {
  const { ratings } = sample(120);
  for (const { name } of recipes) {
    const result = await run(name, { ratings });
    assert.is(result.recommendations.length, 10);
    assert.is(result.similarTo.title, undefined);
  }
});

test('an abort ends a recipe with its reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  try {
    await run('matrix-factorization', { ...sample(100), signal: stop.signal, onEpoch: () => stop.abort(reason) });
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test.run();
