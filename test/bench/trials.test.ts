import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drivers } from '../../bench/drivers/index.js';
import { tasks } from '../../bench/tasks/index.js';
import { trials } from '../../bench/trials.js';

const peers = fileURLToPath(new URL('../../bench/peers/', import.meta.url));

/** The drivers that a script's last line gives to `main`. */
function scriptDrivers(script: string): string[] {
  const last = /^main\(\{(.*)\}\)\n*$/m.exec(readFileSync(`${peers}${script}`, 'utf8'));
  return Array.from((last?.[1] ?? '').matchAll(/"([\w-]+)":/g), (match) => match[1] as string);
}

test('names are unique, and palate comes first', () => {
  assert.is(new Set(trials.map(({ name }) => name)).size, trials.length);
  for (const { name, drivers: used, once } of trials) {
    assert.is(used[0], 'palate', name);
    assert.is(new Set(used).size, used.length, name);
    assert.not(once.includes('palate'), name);
  }
});

test('every driver of every trial is registered and implemented by the task', async () => {
  for (const { name, task, drivers: used } of trials) {
    const { load, python } = tasks[task];
    const implementations = await load();
    for (const driver of used) {
      const { node, python: inPython } = drivers[driver];
      const where = `${name}: ${driver}`;
      assert.ok((node === undefined) !== (inPython === undefined), `${where} runs in one of Node and Python`);
      if (node !== undefined) assert.type(implementations[node.implementation], 'function', where);
      else assert.ok(scriptDrivers(python as string).includes(driver), where);
    }
  }
});

test('every script is used, and every driver takes part somewhere', () => {
  const used = new Set(trials.flatMap((trial) => trial.drivers));
  for (const name of Object.keys(drivers)) assert.ok(used.has(name as keyof typeof drivers), name);
  for (const { python } of Object.values(tasks)) assert.ok(python === undefined || existsSync(`${peers}${python}`));
});

test('a peer says how to install it', () => {
  for (const [name, { role, install }] of Object.entries(drivers)) {
    assert.is(install !== undefined, role === 'peer', name);
  }
});

test('both sizes set the same parameters, but for the bounds on slow peers', () => {
  const bounds = ['pytorchSteps', 'pytorchSparseSteps', 'gensimWords'];
  const namesOf = (parameters: object): string[] =>
    Object.keys(parameters)
      .filter((name) => !bounds.includes(name))
      .sort();
  for (const { name, parameters } of trials) assert.equal(namesOf(parameters.small), namesOf(parameters.full), name);
});

test.run();
