import { typeError } from '../options.js';

export type Json = Record<string, unknown>;

export function expectObject(name: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw typeError(name, 'an object', value);
  return value as Json;
}

export function expectArray(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw typeError(name, 'an array', value);
  return value;
}
