import { Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import { expectInt, expectNumber, expectOneOf, expectString } from '../options.js';
import type { FactorParameters, FieldParameters, MomentParameters, Range, RatingCategories } from '../types.js';
import { checkLength, checkLists, checkNumbers, checkSlots, checkTexts } from './check-arrays.js';
import { expectArray, expectObject, type Json } from './expect-json.js';
import { type Column, MAX_DIM, MAX_ROWS } from './layout.js';
import type { ParameterFormat } from './parameter-format.js';

interface FieldHeader {
  name: string;
  side: 'user' | 'item';
  bucket?: number;
  labels: number;
  active: number;
}

interface MomentHeader {
  name: string;
  seconds: number;
  slots: number;
}

/** Columns of the moments of a width are called moment.0.offsets, moment.0.slots, ... */
const momentSection = (level: number, part: string): string => `moment.${level}.${part}`;

/** Columns of a field are called field.0.labels, field.0.offsets, ... */
const fieldSection = (field: number, part: string): string => `field.${field}.${part}`;

/** User and item factors and biases, and an fm's fields. */
export const factorFormat: ParameterFormat<FactorParameters> = {
  describe: ({ dim, globalBias, link, categories, range, fields, moments, penalties }) => ({
    dim,
    globalBias,
    link,
    ...(categories !== undefined && { categories }),
    range,
    fields: fields.map((field) => ({ ...field, labels: field.labels.length, active: field.indices.length })),
    ...(moments !== undefined && {
      moments: moments.map(({ name, seconds, slots }) => ({ name, seconds, slots: slots.length })),
    }),
    ...(penalties !== undefined && { penalties }),
  }),

  parse(raw) {
    const dim = expectInt('dim', raw.dim, { min: 0, max: MAX_DIM });
    const globalBias = expectNumber('globalBias', raw.globalBias);
    const link = expectOneOf('link', raw.link, ['identity', 'sigmoid', 'ordinal']);
    const categories = link === 'ordinal' ? parseCategories(raw.categories) : undefined;
    const range = parseRange(raw.range);
    const fields = expectArray('fields', raw.fields).map(parseField);
    const moments = raw.moments === undefined ? undefined : expectArray('moments', raw.moments).map(parseMoment);
    const penalties = raw.penalties === undefined ? undefined : parsePenalties(raw.penalties);
    const optional = {
      ...(categories !== undefined && { categories }),
      ...(moments !== undefined && { moments }),
      ...(penalties !== undefined && { penalties }),
    };
    return {
      json: { dim, globalBias, link, range, fields, ...optional },
      columns: ({ users, items }) => [
        { name: 'user.factors', type: 'float32', rows: users * dim },
        { name: 'item.factors', type: 'float32', rows: items * dim },
        { name: 'user.biases', type: 'float32', rows: users },
        { name: 'item.biases', type: 'float32', rows: items },
        ...fields.flatMap(({ side, labels, active }, i): Column[] => [
          { name: fieldSection(i, 'labels'), type: 'utf8', rows: labels },
          { name: fieldSection(i, 'offsets'), type: 'uint32', rows: (side === 'user' ? users : items) + 1 },
          { name: fieldSection(i, 'indices'), type: 'uint32', rows: active },
          { name: fieldSection(i, 'factors'), type: 'float32', rows: labels * dim },
          { name: fieldSection(i, 'biases'), type: 'float32', rows: labels },
        ]),
        ...(moments ?? []).flatMap(({ slots }, i): Column[] => [
          { name: momentSection(i, 'offsets'), type: 'uint32', rows: users + 1 },
          { name: momentSection(i, 'slots'), type: 'float64', rows: slots },
          { name: momentSection(i, 'factors'), type: 'float32', rows: slots * dim },
          { name: momentSection(i, 'biases'), type: 'float32', rows: slots },
        ]),
      ],
      assemble: (column) => ({
        kind: 'factors',
        dim,
        globalBias,
        userFactors: column<Float32Array>('user.factors'),
        itemFactors: column<Float32Array>('item.factors'),
        userBiases: column<Float32Array>('user.biases'),
        itemBiases: column<Float32Array>('item.biases'),
        link,
        ...(categories !== undefined && { categories }),
        range,
        fields: fields.map(
          ({ name, side, bucket }, i): FieldParameters => ({
            name,
            side,
            ...(bucket !== undefined && { bucket }),
            labels: Array.from(column<Vector>(fieldSection(i, 'labels')), String),
            offsets: column<Uint32Array>(fieldSection(i, 'offsets')),
            indices: column<Uint32Array>(fieldSection(i, 'indices')),
            factors: column<Float32Array>(fieldSection(i, 'factors')),
            biases: column<Float32Array>(fieldSection(i, 'biases')),
          }),
        ),
        ...(moments !== undefined && {
          moments: moments.map(
            ({ name, seconds }, i): MomentParameters => ({
              name,
              seconds,
              offsets: column<Uint32Array>(momentSection(i, 'offsets')),
              slots: column<Float64Array>(momentSection(i, 'slots')),
              factors: column<Float32Array>(momentSection(i, 'factors')),
              biases: column<Float32Array>(momentSection(i, 'biases')),
            }),
          ),
        }),
        ...(penalties !== undefined && { penalties }),
      }),
    };
  },

  contents: ({ userFactors, itemFactors, userBiases, itemBiases, fields, moments = [] }) => [
    ['user.factors', () => userFactors],
    ['item.factors', () => itemFactors],
    ['user.biases', () => userBiases],
    ['item.biases', () => itemBiases],
    ...fields.flatMap(
      ({ labels, offsets, indices, factors, biases }, i): ReturnType<ParameterFormat<FactorParameters>['contents']> => [
        [fieldSection(i, 'labels'), () => vectorFromArray(labels, new Utf8())],
        [fieldSection(i, 'offsets'), () => offsets],
        [fieldSection(i, 'indices'), () => indices],
        [fieldSection(i, 'factors'), () => factors],
        [fieldSection(i, 'biases'), () => biases],
      ],
    ),
    ...moments.flatMap(
      ({ offsets, slots, factors, biases }, i): ReturnType<ParameterFormat<FactorParameters>['contents']> => [
        [momentSection(i, 'offsets'), () => offsets],
        [momentSection(i, 'slots'), () => slots],
        [momentSection(i, 'factors'), () => factors],
        [momentSection(i, 'biases'), () => biases],
      ],
    ),
  ],

  async check({ users, items, parameters }) {
    const { dim } = parameters;
    await checkNumbers('user.factors', parameters.userFactors, users.size * dim);
    await checkNumbers('item.factors', parameters.itemFactors, items.size * dim);
    await checkNumbers('user.biases', parameters.userBiases, users.size);
    await checkNumbers('item.biases', parameters.itemBiases, items.size);
    for (const [i, field] of parameters.fields.entries()) {
      const rows = (field.side === 'user' ? users : items).size;
      const size = field.labels.length;
      checkTexts(fieldSection(i, 'labels'), field.labels);
      checkLength(fieldSection(i, 'offsets'), field.offsets, rows + 1);
      await checkLists(fieldSection(i, 'offsets'), field.offsets, fieldSection(i, 'indices'), field.indices, size);
      await checkNumbers(fieldSection(i, 'factors'), field.factors, size * dim);
      await checkNumbers(fieldSection(i, 'biases'), field.biases, size);
    }
    for (const [i, { offsets, slots, factors, biases }] of (parameters.moments ?? []).entries()) {
      checkLength(momentSection(i, 'offsets'), offsets, users.size + 1);
      await checkNumbers(momentSection(i, 'slots'), slots, slots.length);
      checkSlots(momentSection(i, 'offsets'), offsets, momentSection(i, 'slots'), slots);
      await checkNumbers(momentSection(i, 'factors'), factors, slots.length * dim);
      await checkNumbers(momentSection(i, 'biases'), biases, slots.length);
    }
  },
};

function parseRange(value: unknown): Range {
  const range = expectObject('range', value);
  const min = expectNumber('range.min', range.min);
  return { min, max: expectNumber('range.max', range.max, { min }) };
}

function parseCategories(value: unknown): RatingCategories {
  const { values, cutpoints }: Json = expectObject('categories', value);
  const ascending = (name: string, list: unknown): number[] => {
    const numbers = expectArray(name, list).map((one, n) => expectNumber(`${name}[${n}]`, one));
    for (const [n, number] of numbers.entries()) {
      if (n > 0) expectNumber(`${name}[${n}]`, number, { min: numbers[n - 1] as number, exclusiveMin: true });
    }
    return numbers;
  };
  const categories = {
    values: ascending('categories.values', values),
    cutpoints: ascending('categories.cutpoints', cutpoints),
  };
  const count = categories.values.length;
  expectInt('categories.values.length', count, { min: 2 });
  expectInt('categories.cutpoints.length', categories.cutpoints.length, { min: count - 1, max: count - 1 });
  return categories;
}

function parseMoment(value: unknown, i: number): MomentHeader {
  const at = `moments[${i}]`;
  const { name, seconds, slots }: Json = expectObject(at, value);
  return {
    name: expectString(`${at}.name`, name),
    seconds: expectNumber(`${at}.seconds`, seconds, { min: 0, exclusiveMin: true }),
    slots: expectInt(`${at}.slots`, slots, { min: 0, max: MAX_ROWS }),
  };
}

function parsePenalties(value: unknown): { factors: number; bias: number } {
  const { factors, bias }: Json = expectObject('penalties', value);
  const bounds = { min: 0, exclusiveMin: true };
  return {
    factors: expectNumber('penalties.factors', factors, bounds),
    bias: expectNumber('penalties.bias', bias, bounds),
  };
}

function parseField(value: unknown, i: number): FieldHeader {
  const at = `fields[${i}]`;
  const { name, side, bucket, labels, active }: Json = expectObject(at, value);
  return {
    name: expectString(`${at}.name`, name),
    side: expectOneOf(`${at}.side`, side, ['user', 'item']),
    ...(bucket !== undefined && { bucket: expectNumber(`${at}.bucket`, bucket, { min: 0, exclusiveMin: true }) }),
    labels: expectInt(`${at}.labels`, labels, { min: 0, max: MAX_ROWS }),
    active: expectInt(`${at}.active`, active, { min: 0, max: MAX_ROWS }),
  };
}
