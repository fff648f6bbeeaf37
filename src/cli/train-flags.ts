import type { Command } from 'commander';
import type { FieldSpec, TrainOptions } from '../index.js';
import type { OptionSpec } from '../models/option-table.js';
import type { ModelSpec } from '../models/spec.js';
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

/** Options of `train` whose flag stands here; those of the models' tables alone get theirs from the table. */
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
  batchSize: ['n', 'ratings a step, or full', batchSize],
  schedule: ['text', 'step:10:0.7, multi-step:7:0.1, exponential:0.97, linear, cosine', schedule],
  clipNorm: [
    'x',
    "upper bound on the norm of a batch's gradient",
    (name) => number(name, { min: 0, exclusiveMin: true }),
  ],
  link: ['name', 'identity, sigmoid or ordinal', (name) => oneOf(name, ['identity', 'sigmoid', 'ordinal'])],
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
  fields: ['list', 'metadata columns used as features, e.g. genres,year:5', (name) => list(name, field(name))],
  patience: ['n', 'stop after so many epochs without a better validation loss', (name) => integer(name, { min: 0 })],
  seed: ['n', 'seed of everything random', (name) => integer(name, { min: 0 })],
  threads: ['n', 'native threads', (name) => integer(name, { min: 1 })],
  device: ['name', 'auto, cpu or cuda', (name) => oneOf(name, ['auto', 'cpu', 'cuda'])],
} as const satisfies Partial<Record<keyof TrainOptions, Flag>>;

/** Options with a flag of the same name that chooses among the data, for every model alike. */
const DATA_FLAGS: ReadonlySet<string> = new Set(['positiveThreshold']);

/** A flag as commander takes it. */
interface TrainFlag {
  /** Name in `TrainOptions`. */
  option: string;
  /** `--dim <n>`, `--lazy`, `--no-biases` */
  flags: string;
  help: string;
  /** None: the flag stands without a value. */
  parser?: Parser<unknown>;
}

/** A text that is one of the words, or what `parser` makes of it. */
const wordOr =
  (words: readonly string[], parser: Parser<unknown>): Parser<unknown> =>
  (text) =>
    words.includes(text) ? text : parser(text);

const wordsOf = (options: readonly OptionSpec[]): string[] => [
  ...new Set(options.flatMap((option) => ('words' in option ? (option.words ?? []) : []))),
];

/** The flag of an option that some models have, by their tables. Bounds are left to `resolveTable`: they differ. */
function derivedFlags(option: string, specs: readonly OptionSpec[]): TrainFlag[] {
  const name = `--${kebab(option)}`;
  const help = [...new Set(specs.map(({ about }) => about))].join('; ');
  if (specs.every(({ type }) => type === 'boolean')) {
    const on = specs.some((spec) => spec.default !== true) ? [{ option, flags: name, help }] : [];
    const off = specs.some((spec) => spec.default === true)
      ? [{ option, flags: name.replace('--', '--no-'), help: `not: ${help}` }]
      : [];
    return [...on, ...off];
  }
  const types = new Set(specs.map(({ type }) => type));
  const words = wordsOf(specs);
  if (types.has('schedule')) return [{ option, flags: `${name} <text>`, help, parser: schedule(name) }];
  const numeric = types.has('number') ? number(name) : types.has('int') ? integer(name) : undefined;
  if (numeric === undefined) {
    return [{ option, flags: `${name} <name>`, help: `${help}: ${words.join(', ')}`, parser: oneOf(name, words) }];
  }
  return [{ option, flags: `${name} <${types.has('number') ? 'x' : 'n'}>`, help, parser: wordOr(words, numeric) }];
}

/** The options of the models' tables, with what each model says of them. */
function tableOptions(specs: readonly ModelSpec[]): Map<string, OptionSpec[]> {
  const found = new Map<string, OptionSpec[]>();
  for (const spec of specs) {
    if (spec.trainer === 'factors') continue;
    for (const [name, option] of Object.entries(spec.options)) found.set(name, [...(found.get(name) ?? []), option]);
  }
  return found;
}

/** A flag for each option that some of the models have. */
export function trainFlags(specs: readonly ModelSpec[]): TrainFlag[] {
  const tables = tableOptions(specs);
  const factors = specs.filter((spec) => spec.trainer === 'factors');
  /** Values of an option of words: those of factor models and those of tables. */
  const choice = (option: string, help: string, ofFactors: readonly string[]): TrainFlag => {
    const words = [...new Set([...ofFactors, ...wordsOf(tables.get(option) ?? [])])];
    const name = `--${option}`;
    return { option, flags: `${name} <name>`, help: `${help}: ${words.join(', ')}`, parser: oneOf(name, words) };
  };
  const choices = [
    choice(
      'objective',
      'what is minimised',
      factors.flatMap(({ objectives }) => objectives),
    ),
    choice(
      'optimizer',
      'how',
      factors.flatMap(({ optimizers }) => optimizers),
    ),
  ];
  const fixed = Object.entries<Flag>(FLAGS).map(([option, [placeholder, help, parser]]): TrainFlag => {
    const name = `--${kebab(option)}`;
    const words = wordsOf(tables.get(option) ?? []);
    return { option, flags: `${name} <${placeholder}>`, help, parser: wordOr(words, parser(name)) };
  });
  const flags: TrainFlag[] = [
    ...fixed,
    ...choices,
    { option: 'biases', flags: '--no-biases', help: 'learn no biases' },
    { option: 'lazy', flags: '--lazy', help: 'adam: leave rows that a batch does not touch where they are' },
  ];
  const there = new Set(flags.map(({ option }) => option));
  const derived = [...tables].filter(([option]) => !there.has(option) && !DATA_FLAGS.has(option));
  return [...flags, ...derived.flatMap(([option, options]) => derivedFlags(option, options))];
}

/** Adds the flags of training. */
export function addTrainFlags(command: Command, flags: readonly TrainFlag[]): Command {
  for (const { flags: text, help, parser } of flags) {
    if (parser === undefined) command.option(text, help);
    else command.option(text, help, parser);
  }
  return command;
}

/** The options of training that were given on the command line. */
export function trainOptions(command: Command, flags: readonly TrainFlag[]): Partial<TrainOptions> {
  const names = new Set(flags.map(({ option }) => option));
  const given = Object.entries(command.opts()).filter(
    ([option]) => names.has(option) && command.getOptionValueSource(option) === 'cli',
  );
  return Object.fromEntries(given);
}
