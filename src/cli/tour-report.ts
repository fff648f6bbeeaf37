import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { DataError } from '../index.js';
import type { RecipeResult, Variant } from '../recipes/index.js';
import { checkWritable, statOrUndefined } from './files.js';
import { toJson } from './output.js';

/** Rejects a report folder that could not be written in the end, before the work begins. */
export async function checkReportFolder(folder: string): Promise<void> {
  const found = await statOrUndefined(folder);
  if (found !== undefined && !found.isDirectory()) {
    throw new DataError(`--out ${folder} is a file, not a folder`, { file: folder });
  }
  await checkWritable(found === undefined ? folder : path.join(folder, 'tour.json'), '--out');
}

/**
 * Writes tour.json and for each recipe the losses of its epochs as CSV; returns the names. All is written under another
 * name first. A new folder appears as a whole; in a folder that is there, our files replace those of the same name, and
 * others stay. In one go, so that nothing can end the program half way.
 */
export function writeReport(folder: string, json: { recipes: readonly RecipeResult[] }): string[] {
  const target = path.resolve(folder);
  const part = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.part`);
  const files = new Map(json.recipes.map((result) => [`${result.name}.csv`, epochsCsv(result.variants)]));
  files.set('tour.json', `${toJson(json)}\n`);
  try {
    mkdirSync(part);
    for (const [name, text] of files) writeFileSync(path.join(part, name), text);
    if (existsSync(target)) {
      for (const name of files.keys()) renameSync(path.join(part, name), path.join(target, name));
    } else {
      renameSync(part, target);
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return [...files.keys()];
}

function epochsCsv(variants: readonly Variant[]): string {
  const rows = variants.flatMap(({ name, epochs }) =>
    epochs.map(({ epoch, seconds, learningRate, train, valid }) =>
      [name, epoch, seconds, learningRate, train.loss, train.rmse, valid?.loss, valid?.rmse]
        .map((cell) => cell ?? '')
        .join(','),
    ),
  );
  const head = 'variant,epoch,seconds,learning_rate,train_loss,train_rmse,valid_loss,valid_rmse';
  return `${[head, ...rows].join('\n')}\n`;
}
