import type { Command } from 'commander';
import { expectOneOf } from '../options.js';
import { type Recipe, type RecipeResult, recipes } from '../recipes/index.js';
import { integer } from './arguments.js';
import { heading } from './output.js';
import { epochProgress, type Progress } from './progress.js';
import { type Io, type Reply, runCommand } from './run.js';
import { tourData } from './tour-data.js';
import { checkReportFolder, writeReport } from './tour-report.js';
import { recipeText } from './tour-text.js';

interface Flags {
  data?: string;
  recipe?: string[];
  out: string;
  threads?: number;
  seed?: number;
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
    .option('--seed <n>', 'seed of splits and training', integer('--seed', { min: 0 }));
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
  const { ratings, items, users, label, simulated } = await tourData(flags.data, io);
  io.print(`${heading('Data')}: ${label}\n\n`);
  if (io.json && simulated) io.note(label);
  const results: RecipeResult[] = [];
  for (const recipe of chosen) {
    const progress = variantProgress(recipe.name);
    try {
      const { threads, seed } = flags;
      const onEpoch = progress.update;
      results.push(await recipe.run({ ratings, items, users, threads, seed, onEpoch, signal: io.signal }));
    } finally {
      progress.stop();
    }
    io.print(recipeText(results.at(-1) as RecipeResult));
  }
  io.signal.throwIfAborted();
  const json = { recipes: results, source: { label, simulated }, out: flags.out };
  const files = writeReport(flags.out, json);
  const reminder = simulated ? `${label}\n` : '';
  return { json, text: `${reminder}Wrote ${files.join(', ')} to ${flags.out}\n` };
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
