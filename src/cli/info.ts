import type { Command } from 'commander';
import { loadModel } from '../index.js';
import { count, measure } from './output.js';
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
  const lines = Object.entries(facts).flatMap(([name, value]) => factLines(name, value));
  const width = Math.max(...lines.map(([name]) => name.length));
  const text = lines.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
  return { json: facts, text: model.history.length === 0 ? text : `${text}\n${epochTable(model.history)}` };
}

/** A fact on a line, the parts of an object on lines of their own; long lists by their length. */
function factLines(name: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) return [[name, value.length <= 8 ? value.map(shown).join(', ') : `${count(value.length)}`]];
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([part, inner]) => factLines(`${name}.${part}`, inner));
  }
  return value === undefined ? [] : [[name, shown(value)]];
}

function shown(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : measure(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
