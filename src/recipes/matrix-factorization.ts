import { Dictionary, makeVector, Table, Uint32, type Vector } from 'apache-arrow';
import { biasBaseline, Dataset, type EpochReport, splitRandom } from '../index.js';
import { chooseFilm, chooseUser, wellKnown } from './choose.js';
import { type RecipeInput, type RecipeResult, type Section, trainVariant } from './recipe.js';

/**
 * Matrix factorisation: first as published, A ~ U V^T without biases from N(0, 1), then with palate's defaults.
 * Also counts genres, and lists neighbours by dot product and by cosine.
 */
export async function run(input: RecipeInput): Promise<RecipeResult> {
  const start = performance.now();
  const data = Dataset.fromTable(input.ratings, { items: input.items, users: input.users });
  const { train, valid } = splitRandom(data, { fractions: { train: 0.75, valid: 0.25 }, seed: input.seed });

  const notebook = await trainVariant(
    input,
    train,
    { name: 'notebook', about: 'U V^T, dim 30, no biases, N(0, 1) start, full-batch Adam 1e-3' },
    {
      epochs: 1000,
      model: 'mf',
      dim: 30,
      objective: 'squared',
      optimizer: 'adam',
      learningRate: 1e-3,
      batchSize: 'full',
      schedule: { type: 'constant' },
      regularization: 0,
      biases: false,
      link: 'identity',
      initStd: 1,
      validation: valid,
    },
    squaredErrors,
  );
  const palate = await trainVariant(
    input,
    train,
    { name: 'palate', about: "palate's defaults: biases, frequency-scaled regularisation, small start" },
    { model: 'mf', validation: valid },
    errors,
  );

  const { user, rated } = chooseUser(data);
  const film = chooseFilm(data);
  const { model, variant } = palate;
  const { among, candidateItems } = wellKnown(data);
  const similar = { items: [film.id], k: 10, candidateItems };
  return {
    name: 'matrix-factorization',
    about: 'ratings as the product of two small matrices (model mf)',
    seconds: (performance.now() - start) / 1000,
    data: data.describe(),
    variants: [notebook.variant, variant],
    epochs: variant.epochs,
    metrics: { ...variant.metrics, biasOnlyRmse: biasOnlyRmse(train, valid) },
    user,
    recommendations: model.recommend({ users: [user.id], k: 10, excludeItems: rated }).rows(user.id),
    similarTo: { itemId: film.id, title: film.title },
    similarAmong: among,
    similar: model.similarItems({ ...similar, metric: 'cosine' }).rows(),
    sections: [
      ...frameSection(data),
      ...(data.itemTable?.getChild('genres') == null
        ? []
        : [{ title: 'How often each genre occurs', rows: data.genreCounts().toArray().map(asRecord) }]),
      {
        title: `Like ${film.title ?? film.id}, by dot product instead of cosine`,
        rows: model.similarItems({ ...similar, metric: 'dot' }).rows(),
      },
    ],
  };
}

/** The mean squared errors as printed: of predictions that are not clipped to the range of ratings. */
function squaredErrors({ train, valid }: EpochReport): Record<string, number> {
  return { trainMse: train.loss, validMse: valid?.loss ?? Number.NaN };
}

function errors(last: EpochReport): Record<string, number> {
  return { ...squaredErrors(last), validRmse: last.valid?.rmse ?? Number.NaN };
}

function biasOnlyRmse(train: Dataset, valid: Dataset): number {
  const baseline = biasBaseline(train);
  const { users, items, values, size } = valid.interactions;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    squares += ((values[i] as number) - baseline.predict(users[i] as number, items[i] as number)) ** 2;
  }
  return Math.sqrt(squares / size);
}

/**
 * Ratings with the columns of their movies and users beside them. Nothing is copied: a column of metadata becomes the
 * dictionary of a column of ratings.
 */
export function mergeFrames(data: Dataset): Table {
  const { users, items, values } = data.interactions;
  const spread = (column: Vector, rows: Uint32Array): Vector =>
    makeVector({ type: new Dictionary(column.type, new Uint32()), data: rows, dictionary: column });
  const columns: Record<string, Vector> = {
    userId: spread(data.users.toVector(), users),
    itemId: spread(data.items.toVector(), items),
    rating: makeVector(values),
  };
  for (const [table, rows] of [
    [data.itemTable, items],
    [data.userTable, users],
  ] as const) {
    for (const { name } of table?.schema.fields ?? []) {
      columns[name] ??= spread(table?.getChild(name) as Vector, rows);
    }
  }
  return new Table(columns);
}

/** The first rows of the merged frame, where there are users to merge with. */
function frameSection(data: Dataset): Section[] {
  if (data.userTable === undefined) return [];
  const shown = ['userId', 'title', 'rating', 'age', 'sex', 'occupation'];
  const rows = mergeFrames(data).slice(0, 5).toArray().map(asRecord);
  return [
    {
      title: 'Ratings, movies and users as one table, first rows',
      rows: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => shown.includes(name)))),
    },
  ];
}

const asRecord = (row: { toJSON(): object }): Record<string, unknown> => row.toJSON() as Record<string, unknown>;
