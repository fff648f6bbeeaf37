import { Dataset, type EpochReport, type Model, type TrainOptions } from '../index.js';
import { chooseFilm, chooseUser, wellKnown } from './choose.js';
import { type RecipeInput, type RecipeResult, trainVariant } from './recipe.js';

/** Users with fewer ratings are left out, as published; where nobody has as many, all users stay. */
const MIN_USER_RATINGS = 50;

/** Pairs held back, as published: 20 % to validate on, 20 % for one test at the end. */
const parts = { validPairs: 0.2, testPairs: 0.2 } as const;

/** The published network, trained on the counts of all pairs instead of 512 pairs at a time. */
const notebookNetwork: TrainOptions = {
  model: 'itemSoftmax',
  ...parts,
  epochs: 30,
  dim: 64,
  tables: 1,
  hidden: 128,
  layerNorm: true,
  dropout: 0.05,
  itemBiases: false,
  selfMask: false,
  clipNorm: 5,
  regularization: 1e-5,
  learningRate: 0.03,
};

/**
 * Item softmax: every two films of one user are a pair, and a film's vector predicts the others by a softmax over all films.
 * First the published network, then palate's setting.
 */
export async function run(input: RecipeInput): Promise<RecipeResult> {
  const start = performance.now();
  const data = activeUsers(input);
  const notebook = await trainVariant(
    input,
    data,
    { name: 'notebook', about: 'one table, 64 - 128 - 64 residual network, dropout .05, LayerNorm; on counts' },
    notebookNetwork,
    measure,
  );
  const palate = await trainVariant(
    input,
    data,
    { name: 'palate', about: 'two tables, item biases, no candidate predicts itself' },
    { model: 'itemSoftmax', ...parts },
    measure,
  );

  const { user, rated } = chooseUser(data);
  const film = chooseFilm(data);
  const { model, variant } = palate;
  const { among, candidateItems } = wellKnown(data);
  return {
    name: 'item-softmax',
    about: 'which films go together, from pairs of films that a user has rated (model itemSoftmax)',
    seconds: (performance.now() - start) / 1000,
    data: data.describe(),
    variants: [notebook.variant, { ...variant, metrics: { ...variant.metrics, ...tested(model) } }],
    epochs: variant.epochs,
    metrics: { ...variant.metrics, ...tested(model) },
    user,
    recommendations: model.recommend({ users: [user.id], k: 10, excludeItems: rated }).rows(user.id),
    similarTo: { itemId: film.id, title: film.title },
    similarAmong: among,
    similar: model.similarItems({ items: [film.id], k: 10, candidateItems }).rows(),
    sections: [{ title: 'The 10 most similar pairs of all films', rows: model.similarPairs({ k: 10 }).rows() }],
  };
}

function activeUsers({ ratings, items, users }: RecipeInput): Dataset {
  const all = Dataset.fromTable(ratings, { items, users });
  const active = all.interactions.userCounts().some((count) => count >= MIN_USER_RATINGS);
  return active ? Dataset.fromTable(ratings, { items, users, minUserRatings: MIN_USER_RATINGS }) : all;
}

function measure({ train, valid }: EpochReport): Record<string, number> {
  return { trainCrossEntropy: train.loss, validCrossEntropy: valid?.loss ?? Number.NaN };
}

function tested(model: Model): { testCrossEntropy: number } {
  return { testCrossEntropy: model.metrics.testLoss ?? Number.NaN };
}
