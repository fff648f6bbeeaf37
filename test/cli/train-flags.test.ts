import { Command } from 'commander';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addTrainFlags, trainFlags, trainOptions } from '../../src/cli/train-flags.js';
import { models } from '../../src/models/index.js';
import type { OptionSpec } from '../../src/models/option-table.js';
import type { ModelSpec } from '../../src/models/spec.js';
import { optionNames } from '../../src/train/resolve-options.js';

const modelWith = (options: Record<string, OptionSpec>): ModelSpec => ({
  name: 'popularity',
  summary: '',
  source: '',
  trainer: 'popularity',
  usesFeatures: false,
  predictsRatings: false,
  update: 'retrain',
  options,
});
const one = modelWith({
  dim: { type: 'int', min: 1, words: ['full'], default: 128, about: 'width' },
  optimizer: { type: 'oneOf', words: ['adam', 'nesterov'], default: 'adam', about: 'which' },
  negatives: { type: 'int', min: 1, default: 5, about: 'negatives a positive' },
  negativePower: { type: 'number', min: 0, default: 0.75, about: 'power of the counts' },
  layerNorm: { type: 'boolean', default: true, about: 'normalise the hidden layer' },
  selfMask: { type: 'boolean', default: false, about: 'leave out the item itself' },
  pairs: { type: 'oneOf', words: ['all', 'window'], default: 'all', about: 'which pairs' },
  warmUp: { type: 'schedule', default: undefined, about: 'at the start' },
  positiveThreshold: { type: 'number', default: 4, about: 'least rating of a like' },
});
const other = modelWith({
  negatives: { type: 'number', words: ['all'], default: 'all', about: 'negatives a positive' },
  layerNorm: { type: 'boolean', default: false, about: 'normalise the hidden layer' },
  pairs: { type: 'oneOf', words: ['window', 'none'], default: 'none', about: 'pairs' },
});

function parse(specs: readonly ModelSpec[], ...args: string[]): object {
  const flags = trainFlags(specs);
  const command = addTrainFlags(new Command().exitOverride().configureOutput({ outputError: () => {} }), flags);
  command.option('--positive-threshold <x>', 'of the data', Number);
  command.parse(args, { from: 'user' });
  return trainOptions(command, flags);
}

test('every option of every model has a flag', () => {
  const options = new Set(trainFlags(Object.values(models)).map(({ option }) => option));
  const missing = Object.values(models)
    .flatMap(optionNames)
    .filter((name) => !['model', 'validation', 'signal', 'onEpoch', 'positiveThreshold'].includes(name))
    .filter((name) => !options.has(name));
  assert.equal(missing, []);
});

test('options of a table get flags without more ado', () => {
  const specs = [models.mf, one];
  assert.equal(parse(specs, '--negatives', '7', '--negative-power', '.5', '--self-mask', '--no-layer-norm'), {
    negatives: 7,
    negativePower: 0.5,
    selfMask: true,
    layerNorm: false,
  });
  assert.equal(parse(specs, '--pairs', 'window', '--warm-up', 'step:3:.5'), {
    pairs: 'window',
    warmUp: { type: 'step', every: 3, factor: 0.5 },
  });
  assert.equal(parse(specs), {}, 'no defaults of its own');
});

test('words of a table join the flag that is there', () => {
  const specs = [models.mf, one];
  assert.equal(parse(specs, '--dim', 'full', '--optimizer', 'nesterov'), { dim: 'full', optimizer: 'nesterov' });
  assert.equal(parse(specs, '--dim', '8', '--optimizer', 'sgd'), { dim: 8, optimizer: 'sgd' });
  assert.throws(() => parse([models.mf], '--dim', 'full'), /`--dim` to be an integer >= 1, received "full"/);
  assert.throws(() => parse([models.mf], '--optimizer', 'nesterov'), /`--optimizer` to be one of/);
});

test('tables of several models make one flag for what they share', () => {
  const specs = [one, other];
  assert.equal(parse(specs, '--negatives', 'all', '--pairs', 'none'), { negatives: 'all', pairs: 'none' });
  assert.equal(parse(specs, '--negatives', '2.5', '--layer-norm'), { negatives: 2.5, layerNorm: true });
  assert.equal(parse(specs, '--no-layer-norm'), { layerNorm: false });
  assert.throws(() => parse(specs, '--pairs', 'some'), /`--pairs` to be one of 'all', 'window', 'none'/);
  assert.throws(() => parse(specs, '--negatives', 'few'), /`--negatives`/);
});

test('a flag that chooses among the data is none of the model', () => {
  assert.equal(parse([one], '--positive-threshold', '4'), {});
});

test.run();
