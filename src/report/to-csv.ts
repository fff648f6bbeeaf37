/**
 * Records as CSV (RFC 4180, but for LF): a column for each key that has a value somewhere, with the key in snake case as its
 * head; lists are joined by `|`.
 */
export function toCsv(records: readonly object[]): string {
  const rows = records as readonly Record<string, unknown>[];
  const named = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const keys = named.filter((key) => rows.some((row) => row[key] != null));
  const lines = rows.map((row) => keys.map((key) => csvCell(row[key])).join(','));
  return `${[keys.map((key) => csvCell(snake(key))).join(','), ...lines].join('\n')}\n`;
}

/** One value, in quotes where it needs them. */
export function csvCell(value: unknown): string {
  const text = value == null ? '' : Array.isArray(value) ? value.join('|') : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const snake = (key: string): string => key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
