import type { Command } from 'commander';
import { Dataset, type ReportChapter } from '../index.js';
import { expectOneOf } from '../options.js';
import { type Recipe, type RecipeInput, type RecipeResult, recipes } from '../recipes/index.js';
import { integer } from './arguments.js';
import { heading } from './output.js';
import { epochProgress, type Progress } from './progress.js';
import { type Io, type Reply, runCommand } from './run.js';
import { recipeChapter, type TrainedModel } from './tour-chapter.js';
import { tourData } from './tour-data.js';
import { canDraw, checkReportFolder, tourReport, writeTour } from './tour-report.js';
import { recipeText } from './tour-text.js';

interface Flags {
  data?: string;
  recipe?: string[];
  out: string;
  threads?: number;
  seed: number;
}

/** palate tour */
export function addTour(program: Command): void {
  const names = recipes.map((recipe) => recipe.name);
  const command = program
    .command('tour')
    .description('run the recipes on MovieLens, or on the built-in sample where there is no network')
    .option('--data <path>', 'MovieLens folder or zip, or a ratings file (default: PALATE_DATA, else a download)')
    .option('--recipe <name...>', `only these: ${names.join(', ')}`)
    .option('--out <dir>', 'folder for the report', 'palate-report')
    .option('--threads <n>', 'native threads', integer('--threads', { min: 1 }))
    .option('--seed <n>', 'seed of splits, training and maps', integer('--seed', { min: 0 }), 42);
  command.action((flags: Flags) => runCommand(command, (io) => tour(flags, io)));
}

/** The recipes asked for, each once, in the order of the tour. */
function chosenRecipes(asked: readonly string[] | undefined): Recipe[] {
  const names = recipes.map((recipe) => recipe.name);
  const wanted = asked?.map((name) => expectOneOf('--recipe', name, names));
  return recipes.filter((recipe) => wanted === undefined || wanted.includes(recipe.name));
}

async function tour(flags: Flags, io: Io): Promise<Reply> {
  const chosen = chosenRecipes(flags.recipe);
  await checkReportFolder(flags.out);
  const charts = await canDraw(io);
  const { ratings, items, users, ...source } = await tourData(flags.data, io);
  const { label, simulated } = source;
  io.print(`${heading('Data')}: ${label}\n\n`);
  if (io.json && simulated) io.note(label);
  const { threads, seed } = flags;
  const results: RecipeResult[] = [];
  const chapters: ReportChapter[] = [];
  for (const recipe of chosen) {
    const progress = variantProgress(recipe.name);
    const trained: TrainedModel[] = [];
    const onModel: RecipeInput['onModel'] = (model, validation) => {
      trained[0] = { model, validation };
    };
    let result: RecipeResult;
    try {
      const onEpoch = progress.update;
      result = await recipe.run({ ratings, items, users, threads, seed, onEpoch, onModel, signal: io.signal });
    } finally {
      progress.stop();
    }
    results.push(result);
    io.print(recipeText(result));
    // At once, so that no more than one model is kept.
    chapters.push(await recipeChapter(result, trained[0] as TrainedModel, { charts, seed, signal: io.signal }));
  }
  io.signal.throwIfAborted();
  const json = { recipes: results, source: { label, simulated }, out: flags.out };
  const data = Dataset.fromTable(ratings, { items });
  const written = writeTour(flags.out, await tourReport(results, chapters, data, { source, charts }), json);
  const reminder = simulated ? `${label}\n` : '';
  return { json, text: `${reminder}Wrote ${written} to ${flags.out}\n` };
}

/** A progress of its own for each variant of a recipe. */
function variantProgress(recipe: string): {
  update: (report: Parameters<Progress['update']>[0], variant: { name: string; epochs: number | undefined }) => void;
  stop: () => void;
} {
  let name: string | undefined;
  let current: Progress | undefined;
  return {
    update: (report, variant) => {
      if (variant.name !== name) {
        current?.stop();
        name = variant.name;
        current = epochProgress(`${recipe} (${name})`, variant.epochs);
      }
      current?.update(report);
    },
    stop: () => current?.stop(),
  };
}
