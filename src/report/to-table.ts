import { formatNumber, places } from './format.js';

/** A column of a table of records, ready to print. */
export interface TextColumn {
  key: string;
  /** The key in words: `itemId` as "item id". */
  head: string;
  kind: 'text' | 'number';
  /** (rows) */
  cells: string[];
}

/**
 * Records as columns of text: one for each key that has a value somewhere, in order of first appearance. The numbers of
 * a column have as many places as its values need, four at most; lists are joined by commas.
 */
export function toTextColumns(records: readonly object[]): TextColumn[] {
  const rows = records as readonly Record<string, unknown>[];
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return keys
    .filter((key) => rows.some((row) => !isEmpty(row[key])))
    .map((key) => {
      const values = rows.map((row) => row[key]);
      const numbers = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
      const decimals = Math.min(4, Math.max(0, ...numbers.map(places)));
      return {
        key,
        head: headOf(key),
        kind: values.every((value) => isEmpty(value) || isNumeric(value)) ? 'number' : 'text',
        cells: values.map((value) => cellText(value, key, decimals)),
      };
    });
}

const isEmpty = (value: unknown): boolean => value == null || (Array.isArray(value) && value.length === 0);

/** A number, or one that was formatted already. */
const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  (typeof value === 'string' && /^(–|-?[\d,]*\.?\d+(e\d+)?( (s|ms|%))?)$/.test(value));

function cellText(value: unknown, key: string, decimals: number): string {
  if (isEmpty(value)) return '';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return '–';
  return isName(key) ? String(value) : formatNumber(value, decimals);
}

/** Ids and years are names, not amounts: no commas. */
const isName = (key: string): boolean => /(^id|Id|^year|Year)$/.test(key);

/** `validRmse` → "valid RMSE" */
export const headOf = (key: string): string =>
  key
    .replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/\b(rmse|mse|mae|bce|map|mrr)\b/g, (name) => name.toUpperCase());
