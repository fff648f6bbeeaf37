import type { Id, Range, Regularization, Schedule } from '../index.js';
import { type Bounds, expectInt, expectNumber, expectOneOf, rangeError, typeError } from '../options.js';

/** Turns the text of one option into its value; throws what the user reads. */
export type Parser<T> = (text: string) => T;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** The number a text writes; a text that is none is handed on, so that the check names it as received. */
const numeric = (text: string): number | string => (NUMBER.test(text.trim()) ? Number(text) : text);

/** An integer within bounds; `name` is the flag as typed. */
export const integer =
  (name: string, bounds: Bounds = {}): Parser<number> =>
  (text) =>
    expectInt(name, numeric(text), bounds);

/** A finite number within bounds. */
export const number =
  (name: string, bounds: Bounds = {}): Parser<number> =>
  (text) =>
    expectNumber(name, numeric(text), bounds);

/** A share above 0 and below 1: both parts get something. */
export const fraction =
  (name: string): Parser<number> =>
  (text) => {
    const value = number(name, { min: 0, max: 1, exclusiveMin: true })(text);
    if (value === 1) throw rangeError(name, 'a number > 0 and < 1', value);
    return value;
  };

/** One of some words. */
export const oneOf =
  <T extends string>(name: string, words: readonly T[]): Parser<T> =>
  (text) =>
    expectOneOf(name, text, words);

/** Comma-separated parts, trimmed, none empty. */
export const list =
  <T = string>(name: string, part: Parser<T> = (text) => text as T): Parser<T[]> =>
  (text) =>
    text.split(',').map((piece) => {
      if (piece.trim() === '') throw rangeError(name, 'a comma-separated list without empty parts', text);
      return part(piece.trim());
    });

/** `key=value` pairs, separated by commas, with keys of a known set. */
function pairs<K extends string>(name: string, keys: readonly K[], text: string): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const piece of text.split(',')) {
    const at = piece.indexOf('=');
    const value = piece.slice(at + 1).trim();
    if (at < 1 || value === '') throw rangeError(name, `pairs like ${keys[0]}=VALUE, separated by commas`, text);
    found[expectOneOf(name, piece.slice(0, at).trim(), keys)] = value;
  }
  return found;
}

/** Roles of columns: `user=uid,item=mid,rating=stars,time=at`. */
export const columns =
  (name: string): Parser<{ user?: string; item?: string; rating?: string; time?: string }> =>
  (text) =>
    pairs(name, ['user', 'item', 'rating', 'time'], text);

/** One number for all, or `user=…,item=…,bias=…,feature=…`. */
export const regularization =
  (name: string): Parser<number | Partial<Regularization>> =>
  (text) => {
    if (!text.includes('=')) return number(name, { min: 0 })(text);
    const found = pairs(name, ['user', 'item', 'bias', 'feature'], text);
    return Object.fromEntries(
      Object.entries(found).map(([part, value]) => [part, number(`${name} ${part}`, { min: 0 })(value)]),
    );
  };

/** `full`, or ratings a step. */
export const batchSize =
  (name: string): Parser<number | 'full'> =>
  (text) => {
    if (text === 'full') return text;
    const value = numeric(text);
    if (typeof value === 'string') throw typeError(name, "an integer >= 1 or 'full'", text);
    return expectInt(name, value, { min: 1 });
  };

/** `MIN:MAX`. */
export const range =
  (name: string): Parser<Range> =>
  (text) => {
    const [min, max, ...rest] = text.split(':');
    if (min === undefined || max === undefined || rest.length > 0) throw typeError(name, 'MIN:MAX', text);
    return { min: number(name)(min), max: number(name)(max) };
  };

const SCHEDULES =
  'constant, exponential:FACTOR, step:EVERY:FACTOR, multi-step:EPOCH,EPOCH…:FACTOR, linear[:FLOOR] or cosine[:FLOOR]';

/** A schedule written as its name and numbers, e.g. `step:10:0.7`. */
export const schedule =
  (name: string): Parser<Schedule> =>
  (text) => {
    const [type, ...rest] = text.split(':');
    const wrong = (): Error => rangeError(name, SCHEDULES, text);
    const factor = (piece: string | undefined): number => {
      if (piece === undefined) throw wrong();
      return number(`${name} FACTOR`, { min: 0, exclusiveMin: true })(piece);
    };
    const expectParts = (least: number, most = least): void => {
      if (rest.length < least || rest.length > most) throw wrong();
    };
    switch (type) {
      case 'constant':
        expectParts(0);
        return { type };
      case 'exponential':
        expectParts(1);
        return { type, factor: factor(rest[0]) };
      case 'step':
        expectParts(2);
        return { type, every: integer(`${name} EVERY`, { min: 1 })(rest[0] ?? ''), factor: factor(rest[1]) };
      case 'multi-step':
        expectParts(2);
        return {
          type: 'multiStep',
          epochs: list(`${name} EPOCH`, integer(`${name} EPOCH`, { min: 0 }))(rest[0] ?? ''),
          factor: factor(rest[1]),
        };
      case 'cosine':
      case 'linear':
        expectParts(0, 1);
        return rest[0] === undefined ? { type } : { type, floor: number(`${name} FLOOR`, { min: 0, max: 1 })(rest[0]) };
      default:
        throw wrong();
    }
  };

/** Ids and ratings of a history: `ITEM[:RATING],…`. A colon inside a string id belongs to the id. */
export const history =
  (name: string): Parser<{ item: Id; rating?: number }[]> =>
  (text) =>
    list(name, (piece) => {
      const at = piece.lastIndexOf(':');
      if (at < 0) return { item: piece };
      const rating = numeric(piece.slice(at + 1));
      if (at === 0 || typeof rating === 'string')
        throw rangeError(name, 'ITEM[:RATING],… with numbers as ratings', text);
      return { item: piece.slice(0, at), rating };
    })(text);
