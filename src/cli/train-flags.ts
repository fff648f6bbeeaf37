import type { Command } from 'commander';
import type { FieldSpec, TrainOptions } from '../index.js';
import { batchSize, integer, list, number, oneOf, type Parser, range, regularization, schedule } from './arguments.js';
import { kebab } from './words.js';

/** `genres` or `year:5`, the width of a numeric column's categories behind the colon. */
const field =
  (name: string): Parser<FieldSpec> =>
  (text) => {
    const at = text.lastIndexOf(':');
    if (at < 1) return text;
    return { name: text.slice(0, at), bucket: number(name, { min: 0, exclusiveMin: true })(text.slice(at + 1)) };
  };

type Flag = readonly [placeholder: string, help: string, parser: (name: string) => Parser<unknown>];

/** Options of `train` that have a flag of the same name; what they mean for a model is the library's business. */
const FLAGS = {
  dim: ['n', 'width of the factors', (name) => integer(name, { min: 1 })],
  epochs: ['n', 'passes over the ratings', (name) => integer(name, { min: 1 })],
  learningRate: ['x', 'step size', (name) => number(name, { min: 0, exclusiveMin: true })],
  regularization: ['x', 'L2 penalty: a number, or user=X,item=X,bias=X,feature=X', regularization],
  regularizationPower: [
    'x',
    'its growth with the ratings of a row, 0 to 1',
    (name) => number(name, { min: 0, max: 1 }),
  ],
  weightDecay: ['way', 'coupled or decoupled', (name) => oneOf(name, ['coupled', 'decoupled'])],
  objective: ['name', 'squared or logistic', (name) => oneOf(name, ['squared', 'logistic'])],
  optimizer: ['name', 'sgd, adagrad or adam', (name) => oneOf(name, ['sgd', 'adagrad', 'adam'])],
  batchSize: ['n', 'ratings a step, or full', batchSize],
  schedule: ['text', 'step:10:0.7, multi-step:7:0.1, exponential:0.97, cosine', schedule],
  clipNorm: [
    'x',
    "upper bound on the norm of a batch's gradient",
    (name) => number(name, { min: 0, exclusiveMin: true }),
  ],
  link: ['name', 'identity or sigmoid', (name) => oneOf(name, ['identity', 'sigmoid'])],
  range: ['min:max', 'range of predictions', range],
  initStd: ['x', 'deviation of the initial factors', (name) => number(name, { min: 0, exclusiveMin: true })],
  biasLearningRate: ['x', 'step size of biases as a multiple', (name) => number(name, { min: 0 })],
  featureLearningRate: ['x', 'step size of metadata features as a multiple', (name) => number(name, { min: 0 })],
  betas: ['b1,b2', "decay rates of Adam's moments", (name) => list(name, number(name, { min: 0 }))],
  epsilon: [
    'x',
    'offset of the denominator of adam and adagrad',
    (name) => number(name, { min: 0, exclusiveMin: true }),
  ],
  fields: ['list', 'metadata columns that fm uses, e.g. genres,year:5', (name) => list(name, field(name))],
  patience: ['n', 'stop after so many epochs without a better validation loss', (name) => integer(name, { min: 0 })],
  seed: ['n', 'seed of everything random', (name) => integer(name, { min: 0 })],
  threads: ['n', 'native threads', (name) => integer(name, { min: 1 })],
  device: ['name', 'auto, cpu or cuda', (name) => oneOf(name, ['auto', 'cpu', 'cuda'])],
} as const satisfies Partial<Record<keyof TrainOptions, Flag>>;

/** Adds a flag for each option of training. */
export function addTrainFlags(command: Command): Command {
  for (const [option, [placeholder, help, parser]] of Object.entries<Flag>(FLAGS)) {
    const name = `--${kebab(option)}`;
    command.option(`${name} <${placeholder}>`, help, parser(name));
  }
  return command
    .option('--no-biases', 'learn no biases')
    .option('--lazy', 'adam: leave rows that a batch does not touch where they are');
}

/** The options of training that were given on the command line. */
export function trainOptions(command: Command): Partial<TrainOptions> {
  const given = Object.entries(command.opts()).filter(
    ([option]) =>
      (option in FLAGS || option === 'biases' || option === 'lazy') && command.getOptionValueSource(option) === 'cli',
  );
  return Object.fromEntries(given);
}
