import type { FieldSpec } from '../dataset/features.js';
import type { Schedule, TrainOptions } from '../types.js';

/** Options that every model accepts. */
export type CommonOption = 'model' | 'seed' | 'threads' | 'device' | 'validation' | 'signal' | 'onEpoch';

/** Options that a model has or has not. */
export type ModelOption = Exclude<keyof TrainOptions, CommonOption>;

interface Option<V> {
  /** A line of help. */
  about: string;
  /** The value where the user says nothing; undefined: the trainer does without. */
  default: V;
  /** Values of other options with which alone this one has a meaning; else it is undefined, and refused where given. */
  only?: Readonly<Partial<Record<ModelOption, readonly (string | boolean)[]>>>;
}

export interface NumericOption<V = number | string | undefined, W extends string = string> extends Option<V> {
  type: 'int' | 'number';
  min?: number;
  max?: number;
  /** The minimum itself is not allowed. */
  exclusiveMin?: boolean;
  /** Words that may stand in place of the number, as 'full' in `batchSize`. */
  words?: readonly W[];
}

export interface WordOption<V = string | undefined, W extends string = string> extends Option<V> {
  type: 'oneOf';
  words: readonly W[];
}

export interface BooleanOption<V = boolean | undefined> extends Option<V> {
  type: 'boolean';
}

export interface ScheduleOption<V = Schedule | undefined> extends Option<V> {
  type: 'schedule';
}

export interface FieldsOption<V = readonly FieldSpec[] | undefined> extends Option<V> {
  type: 'fields';
}

/** What an option of a model takes, and its default. */
export type OptionSpec = NumericOption | WordOption | BooleanOption | ScheduleOption | FieldsOption;

/** The kind of option whose resolved value is a V; of undefined it may have no default. */
type OptionOf<V, D = Exclude<V, undefined>> = [D] extends [boolean]
  ? BooleanOption<V>
  : [D] extends [number]
    ? NumericOption<V, never>
    : [D] extends [string]
      ? WordOption<V, D>
      : [D] extends [number | string]
        ? NumericOption<V, Extract<D, string>> & { words: readonly string[] }
        : [D] extends [readonly FieldSpec[]]
          ? FieldsOption<V>
          : ScheduleOption<V>;

/**
 * The options of a model whose trainer takes an O: one for each of its keys, under the name that it has in TrainOptions.
 * `resolveTable` makes the O.
 */
export type OptionTable<O> = { readonly [K in keyof O & ModelOption]-?: OptionOf<O[K]> };

/** Other defaults where options have the values of `when`, given or by default; of several that fit the later ones win. */
export interface OptionVariant<O> {
  when: Readonly<Partial<O>>;
  defaults: Readonly<Partial<O>>;
}
