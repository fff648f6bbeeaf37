import { Dataset, type EpochReport, type Model, tune } from '../index.js';
import { byPopularity, chooseFilm, chooseUser, wellKnown } from './choose.js';
import { type ListedItem, type RecipeInput, type RecipeResult, type SweepTrial, trainVariant } from './recipe.js';

/** What the published notebook asks for; of films that the data lacks, its most rated ones. */
const TITLES = ['Apollo 13 (1995)', 'Toy Story (1995)', 'Home Alone (1990)'];

/** Width of the vectors in settings that the notebook ran at full width: a tour should not take minutes an epoch. */
const DIM = 128;

/**
 * Co-likes: item vectors whose products are the numbers of users who like both films. First as published, but for the
 * width, then with palate's setting; the published sweep over learning rates and optimizers; films for three titles.
 */
export async function run(input: RecipeInput): Promise<RecipeResult> {
  const start = performance.now();
  const data = Dataset.fromTable(input.ratings, { items: input.items, users: input.users });
  const common = { model: 'coLikes', dim: DIM } as const;
  const notebook = await trainVariant(
    input,
    data,
    { name: 'notebook', about: `Adam 0.5, vectors drawn with deviation 0.5, 91 epochs; dim ${DIM} in place of all` },
    { ...common, optimizer: 'adam', learningRate: 0.5, initStd: 0.5, epochs: 91 },
    measure,
  );
  const palate = await trainVariant(
    input,
    data,
    { name: 'palate', about: "palate's defaults for this model" },
    { model: 'coLikes' },
    measure,
  );
  const sweep = await sweepLearningRates(input, data);

  const { user, rated } = chooseUser(data);
  const film = chooseFilm(data);
  const { model, variant } = palate;
  const { among, candidateItems } = wellKnown(data);
  const asked = askedItems(data);
  return {
    name: 'co-likes',
    about: 'films that are liked together, from the numbers of users who like both (model coLikes)',
    seconds: (performance.now() - start) / 1000,
    data: data.describe(),
    variants: [notebook.variant, variant],
    epochs: variant.epochs,
    metrics: variant.metrics,
    user,
    recommendations: model.recommend({ users: [user.id], k: 10, excludeItems: rated }).rows(user.id),
    similarTo: { itemId: film.id, title: film.title },
    similarAmong: `${among}, without what all films share`,
    similar: model.similarItems({ items: [film.id], k: 10, metric: 'isotropic', candidateItems }).rows(),
    sections: [
      { title: `For someone who likes ${listed(data, asked)}`, rows: forTitles(data, model, asked) },
      { title: 'Adam and SGD at three learning rates', rows: sweep.map(sweepRow) },
    ],
    sweep,
  };
}

const measure = ({ train }: EpochReport): Record<string, number> => ({ cost: train.loss });

function askedItems(data: Dataset): number[] {
  const items = Array.from({ length: data.numItems }, (_, item) => item);
  const named = TITLES.map((title) => items.find((item) => data.title(item) === title));
  return named.every((item) => item !== undefined) ? named : byPopularity(data).slice(0, TITLES.length);
}

const listed = (data: Dataset, items: readonly number[]): string =>
  items.map((item) => data.title(item) ?? `item ${data.items.id(item)}`).join(', ');

/** The films with the highest mean cosine to those asked for, which are left out. */
function forTitles(data: Dataset, model: Model, asked: readonly number[]): ListedItem[] {
  const history = asked.map((item) => ({ item: data.items.id(item) }));
  return model.recommend({ history, k: 10 }).rows();
}

/** The notebook's grid: three learning rates with Adam, and with SGD of momentum 0.9. What diverges is a result, too. */
async function sweepLearningRates(input: RecipeInput, data: Dataset): Promise<SweepTrial[]> {
  const { threads, seed, signal, onEpoch } = input;
  const epochs = 40;
  const { trials } = await tune(data, {
    model: 'coLikes',
    strategy: 'grid',
    metric: 'trainLoss',
    space: { optimizer: ['adam', 'sgd'], learningRate: [0.001, 0.01, 0.1] },
    options: { dim: DIM, initStd: 0.5, epochs },
    threads,
    seed,
    signal,
    onEpoch: (report, { values }) => onEpoch?.(report, { name: `${values.optimizer} ${values.learningRate}`, epochs }),
  });
  return [...trials]
    .sort((a, b) => a.index - b.index)
    .map(({ values, status, epochs }) => ({
      optimizer: values.optimizer as SweepTrial['optimizer'],
      learningRate: values.learningRate as number,
      status,
      costs: epochs.map(({ train }) => train.loss),
    }));
}

const sweepRow = ({ optimizer, learningRate, status, costs }: SweepTrial): object => ({
  optimizer,
  learningRate,
  status,
  epochs: costs.length,
  firstCost: costs[0],
  lastCost: costs.at(-1),
});
