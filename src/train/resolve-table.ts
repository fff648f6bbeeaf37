import { inspect } from 'node:util';
import type { OptionSpec } from '../models/option-table.js';
import type { AnyTableSpec, TableSpec } from '../models/spec.js';
import { expectBoolean, expectInt, expectNumber, expectNumberOrWord, expectOneOf, typeError } from '../options.js';
import type { TrainOptions } from '../types.js';
import { expectSchedule } from './schedules.js';

type Values = Record<string, unknown>;

/** Checks one value by its option; TypeError and RangeError in the words of all options. */
function expectOption(name: string, value: unknown, option: OptionSpec): unknown {
  switch (option.type) {
    case 'int':
    case 'number': {
      const isInt = option.type === 'int';
      const { words } = option;
      if (words !== undefined) return expectNumberOrWord(name, value, { ...option, isInt, words });
      return isInt ? expectInt(name, value, option) : expectNumber(name, value, option);
    }
    case 'oneOf':
      return expectOneOf(name, value, option.words);
    case 'boolean':
      return expectBoolean(name, value);
    case 'schedule':
      return expectSchedule(value);
    case 'fields':
      return value; // which there are depends on the data: buildFields checks it
  }
}

/** The defaults of a table, with those of the variants that fit what was chosen. */
function defaultsOf({ options, variants = [] }: AnyTableSpec, given: Values): Values {
  const defaults: Values = Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.default]));
  for (const { when, defaults: others } of variants) {
    const fits = Object.entries(when).every(([name, value]) => (given[name] ?? defaults[name]) === value);
    if (fits) Object.assign(defaults, others);
  }
  return defaults;
}

interface Unmet {
  name: string;
  expected: string;
  received: unknown;
}

/** The first condition of an option's `only` that the others do not meet. */
function unmetOf({ only = {} }: OptionSpec, given: Values, defaults: Values): Unmet | undefined {
  for (const [name, allowed] of Object.entries(only)) {
    const received = given[name] ?? defaults[name];
    if (allowed.some((value) => value === received)) continue;
    return { name, expected: allowed.map((value) => inspect(value)).join(' or '), received };
  }
  return undefined;
}

/** The values of all options of a table: the user's, checked, and defaults for the rest. */
export function checkTable(spec: AnyTableSpec, options: TrainOptions): Values {
  const given = options as unknown as Values;
  const defaults = defaultsOf(spec, given);
  const values = Object.entries(spec.options).map(([name, option]) => {
    const value = given[name] ?? (unmetOf(option, given, defaults) === undefined ? defaults[name] : undefined);
    return [name, value === undefined ? undefined : expectOption(name, value, option)];
  });
  for (const [name, option] of Object.entries(spec.options)) {
    const unmet = given[name] === undefined ? undefined : unmetOf(option, given, defaults);
    if (unmet !== undefined) throw typeError(unmet.name, `${unmet.expected} with \`${name}\``, unmet.received);
  }
  return Object.fromEntries(values);
}

/** The same, as what the model's trainer takes. Options that are not in the table are the business of `resolveModel`. */
export function resolveTable<O>(spec: TableSpec<O>, options: TrainOptions): O {
  // Its keys are those of the table, and each value has passed the check of an option of its type.
  return checkTable(spec as AnyTableSpec, options) as O;
}
