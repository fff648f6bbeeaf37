import { Dataset, type EpochReport, splitRandom } from '../index.js';
import { byPopularity, chooseFilm, chooseUser, wellKnown } from './choose.js';
import { type RecipeInput, type RecipeResult, trainVariant } from './recipe.js';

/**
 * Rating classifier: sigmoid(u . m + b_u + b_m) against ratings scaled to 0..1, by binary cross-entropy. First as
 * published, then with palate's setting.
 */
export async function run(input: RecipeInput): Promise<RecipeResult> {
  const start = performance.now();
  const data = Dataset.fromTable(input.ratings, { items: input.items, users: input.users });
  const { train, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: input.seed });
  const common = { model: 'mf', objective: 'logistic', validation: valid } as const;

  const notebook = await trainVariant(
    input,
    train,
    { name: 'notebook', about: 'dim 50, Adam 1e-3, batches of 64, L2 1e-6' },
    {
      epochs: 5,
      ...common,
      dim: 50,
      optimizer: 'adam',
      learningRate: 1e-3,
      batchSize: 64,
      schedule: { type: 'constant' },
      regularization: { user: 1e-6, item: 1e-6, bias: 0 },
      weightDecay: 'coupled',
      // He-normal draws a table of n rows with variance 2 / n; one deviation for both gives the same products u . m.
      initStd: Math.sqrt(2 / Math.sqrt(train.numUsers * train.numItems)),
    },
    measure,
  );
  const palate = await trainVariant(
    input,
    train,
    { name: 'palate', about: "palate's defaults for this objective" },
    common,
    measure,
  );

  const { user, index, rated } = chooseUser(data);
  const film = chooseFilm(data);
  const { model, variant } = palate;
  const { among, candidateItems } = wellKnown(data);
  return {
    name: 'rating-classifier',
    about: 'how well a film is liked, as a share of the best rating (model mf, objective logistic)',
    seconds: (performance.now() - start) / 1000,
    data: data.describe(),
    variants: [notebook.variant, variant],
    epochs: variant.epochs,
    metrics: { ...variant.metrics, ...bounds(train, valid) },
    user,
    recommendations: model.recommend({ users: [user.id], k: 10, excludeItems: rated }).rows(user.id),
    similarTo: { itemId: film.id, title: film.title },
    similarAmong: among,
    similar: model.similarItems({ items: [film.id], k: 10, candidateItems }).rows(),
    sections: [{ title: `The 5 best rated films of user ${user.id}`, rows: bestRated(data, index, 5) }],
  };
}

function measure({ train, valid }: EpochReport): Record<string, number> {
  return { trainBce: train.loss, validBce: valid?.loss ?? Number.NaN };
}

/** The films that a user rated best, of equal ones those with more ratings first. */
function bestRated(data: Dataset, user: number, k: number): object[] {
  const items = data.interactions.itemsOf(user);
  const ratings = data.interactions.valuesOf(user);
  const popularity = new Map(byPopularity(data).map((item, place) => [item, place]));
  return Array.from(items, (item, at) => ({ item, rating: ratings[at] as number }))
    .sort((a, b) => b.rating - a.rating || (popularity.get(a.item) ?? 0) - (popularity.get(b.item) ?? 0))
    .slice(0, k)
    .map(({ item, rating }) => ({
      itemId: data.items.id(item),
      title: data.title(item),
      genres: data.genres(item),
      rating,
    }));
}

/**
 * What to hold the loss against: the mean training rating as the one answer to everything, and the least that any model
 * can reach, as a rating between the ends of the scale costs something even when it is predicted exactly.
 */
function bounds(train: Dataset, valid: Dataset): { constantBce: number; leastBce: number } {
  const { min, max } = train.ratingRange;
  const share = (rating: number): number => (rating - min) / (max - min);
  const constant = share(train.interactions.meanValue());
  const targets = Array.from(valid.interactions.values, share);
  const mean = (losses: number[]): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  return {
    constantBce: mean(targets.map((target) => crossEntropy(target, constant))),
    leastBce: mean(targets.map((target) => crossEntropy(target, target))),
  };
}

/** -t ln p - (1 - t) ln(1 - p), where 0 ln 0 is 0. */
function crossEntropy(target: number, predicted: number): number {
  const term = (weight: number, chance: number): number => (weight === 0 ? 0 : -weight * Math.log(chance));
  return term(target, predicted) + term(1 - target, 1 - predicted);
}
