/** 1234567 → 1,234,567 */
export const formatCount = (value: number): string => value.toLocaleString('en-US');

/** Four places, and none beyond the sixth digit: 0.8123, 14.1377, 787,639; a dash where there is no number. */
export function formatMeasure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  return formatNumber(value, Number.isInteger(value) ? 0 : Math.min(4, mostPlaces(value)));
}

/** Seconds with three digits: 1.61 ms, 0.412 s, 12.3 s, 185 s. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.1) return `${Number((1000 * seconds).toPrecision(3))} ms`;
  return `${formatNumber(seconds, Math.max(0, Math.min(3, 2 - magnitude(seconds))))} s`;
}

/** With so many places, and commas from four digits on; beyond 10^12 as 2.321e21. */
export function formatNumber(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e12) return value.toExponential(3).replace('e+', 'e');
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString('en-US', { ...options });
}

/** Decimal places of a number as written, none that would be beyond its sixth digit. */
export function places(value: number): number {
  if (Number.isInteger(value)) return 0;
  const written = /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 6;
  return Math.min(written, mostPlaces(value));
}

const mostPlaces = (value: number): number => Math.max(0, 5 - Math.max(0, magnitude(value)));

/** floor(log10 |value|), 0 for 0. */
const magnitude = (value: number): number => (value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))));
