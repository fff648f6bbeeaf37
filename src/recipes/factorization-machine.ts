import { buildFields, Dataset, type EpochReport, type HistoryEntry, type Model, splitRandom } from '../index.js';
import { byPopularity, chooseFilm, chooseUser, wellKnown } from './choose.js';
import { type RecipeInput, type RecipeResult, type Section, trainVariant } from './recipe.js';

/**
 * Factorisation machine: first as published, on the ids of users and movies, then with metadata (genres, year, and
 * what there is about users). Folds in a new user from three ratings, and scores movies that nobody has rated.
 */
export async function run(input: RecipeInput): Promise<RecipeResult> {
  const start = performance.now();
  const whole = Dataset.fromTable(input.ratings, { items: input.items, users: input.users, includeUnrated: true });
  const { data, cold } = withUnrated(whole);
  const { train, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: input.seed });
  const fields = buildFields(data).map(({ name }) => name);

  const notebook = await trainVariant(
    input,
    train,
    { name: 'notebook', about: 'ids only, dim 120, Adam 1e-3 in batches of 1,024, rate x .1 from epoch 7' },
    {
      epochs: 10,
      model: 'fm',
      fields: [],
      dim: 120,
      objective: 'squared',
      optimizer: 'adam',
      learningRate: 1e-3,
      schedule: { type: 'multiStep', epochs: [7], factor: 0.1 },
      batchSize: 1024,
      regularization: 1e-5,
      weightDecay: 'coupled',
      link: 'sigmoid',
      // Published for ratings up to 5: 5.5 leaves the sigmoid room above the best rating.
      range: { min: Math.min(0, whole.ratingRange.min), max: whole.ratingRange.max * 1.1 },
      initStd: 0.01,
      validation: valid,
    },
    measure,
  );
  const palate = await trainVariant(
    input,
    train,
    { name: 'palate', about: `palate's defaults, with ${fields.join(', ') || 'no metadata'}` },
    { model: 'fm', fields, validation: valid },
    measure,
  );

  const { user, rated } = chooseUser(data);
  const film = chooseFilm(data);
  const { model, variant } = palate;
  const { among, candidateItems } = wellKnown(data);
  return {
    name: 'factorization-machine',
    about: 'ids and metadata in pairs (model fm)',
    seconds: (performance.now() - start) / 1000,
    data: whole.describe(),
    variants: [notebook.variant, variant],
    epochs: variant.epochs,
    metrics: variant.metrics,
    user,
    recommendations: model.recommend({ users: [user.id], k: 10, excludeItems: rated }).rows(user.id),
    similarTo: { itemId: film.id, title: film.title },
    similarAmong: among,
    similar: model.similarItems({ items: [film.id], k: 10, candidateItems }).rows(),
    sections: [...newUser(model, data, film.index), ...coldStart(model, whole, cold)],
  };
}

function measure({ train, valid }: EpochReport): Record<string, number> {
  return { trainRmse: train.rmse ?? Number.NaN, validRmse: valid?.rmse ?? Number.NaN };
}

const COLD_FILMS = 5;

/**
 * Films without a rating that have genres. Where all are rated, the ratings of the least rated ones are taken away, so
 * that there is something to compare their scores with.
 */
function withUnrated(whole: Dataset): { data: Dataset; cold: number[] } {
  const counts = whole.interactions.itemCounts();
  const tagged = byPopularity(whole)
    .reverse()
    .filter((item) => whole.genres(item).length > 0);
  const unrated = tagged.filter((item) => counts[item] === 0).slice(0, COLD_FILMS);
  if (unrated.length > 0) return { data: whole, cold: unrated };
  const hidden = new Set(tagged.slice(0, COLD_FILMS));
  const kept = Uint8Array.from(whole.interactions.items, (item) => (hidden.has(item) ? 0 : 1));
  return { data: whole.subset(kept), cold: [...hidden] };
}

/** Someone new who rated the film and its two closest relatives by genres, folded in both ways. */
function newUser(model: Model, data: Dataset, film: number): Section[] {
  const genres = new Set(data.genres(film));
  const shared = (item: number): number => data.genres(item).filter((genre) => genres.has(genre)).length;
  const others = byPopularity(data)
    .filter((item) => item !== film)
    .map((item) => ({ item, shared: shared(item) }))
    .sort((a, b) => b.shared - a.shared)
    .slice(0, 2);
  const liked = [film, ...others.map(({ item }) => item)];
  const ratings = [data.ratingRange.max, data.ratingRange.max, data.ratingRange.max - 1];
  const history: HistoryEntry[] = liked.map((item, i) => ({ item: data.items.id(item), rating: ratings[i] }));
  const said = liked.map((item, i) => `${data.title(item) ?? data.items.id(item)}: ${ratings[i]}`).join(', ');
  return (['sum', 'solve'] as const).map((foldIn) => ({
    title: `A new user (${said}), folded in by ${foldIn === 'sum' ? 'the weighted sum of the films' : 'solving for his row'}`,
    rows: model.recommend({ history, k: 10, foldIn }).rows(),
  }));
}

/** The mean over all users of what they would give films that the model has no rating of. */
function coldStart(model: Model, whole: Dataset, cold: readonly number[]): Section[] {
  if (cold.length === 0) return [];
  const byItem = whole.interactions.byItem();
  const rows = cold.map((item) => {
    const users = whole.users.ids(Uint32Array.from({ length: whole.numUsers }, (_, user) => user));
    const scores = model.predict({ users, items: users.map(() => whole.items.id(item)) });
    const actual = byItem.values.subarray(byItem.offsets[item], byItem.offsets[item + 1]);
    return {
      itemId: whole.items.id(item),
      title: whole.title(item),
      genres: whole.genres(item),
      score: mean(scores),
      ...(actual.length > 0 && { hiddenRatings: actual.length, theirMean: mean(actual) }),
    };
  });
  return [{ title: 'Films without a rating in training, scored from their metadata (mean over all users)', rows }];
}

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
