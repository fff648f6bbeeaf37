import type { Command } from 'commander';
import { loadModel } from '../index.js';
import { count } from './output.js';
import { type Reply, runCommand } from './run.js';
import { epochTable } from './text.js';

/** palate info */
export function addInfo(program: Command): void {
  const command = program.command('info').description('show what a model file holds').argument('<model>', 'model file');
  command.action((file: string) => runCommand(command, () => info(file)));
}

async function info(file: string): Promise<Reply> {
  const model = await loadModel(file);
  const facts = model.info();
  // The losses have a table of their own.
  const { history, ...rest } = facts;
  const lines = Object.entries(rest).flatMap(([name, value]) => factLines(name, value));
  const width = Math.max(...lines.map(([name]) => name.length));
  const text = lines.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
  return { json: facts, text: history.length === 0 ? text : `${text}\n${epochTable(history)}` };
}

/** A fact on a line, the parts of an object and the objects of a list on lines of their own. */
function factLines(name: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) {
    const named = value.every((part) => typeof part === 'object');
    return named ? value.map((part) => [name, Object.values(part).join(', ')]) : [[name, value.map(shown).join(', ')]];
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([part, inner]) => factLines(`${name}.${part}`, inner));
  }
  return value === undefined ? [] : [[name, shown(value)]];
}

function shown(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(6)));
  return String(value);
}
