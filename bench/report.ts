import { drivers } from './drivers/index.js';
import type { DriverResult, TrialResult } from './types.js';

/** Seconds in a unit that fits, to three digits. */
export function formatTime(seconds: number): string {
  const unit = [
    { name: 's', size: 1 },
    { name: 'ms', size: 1e-3 },
    { name: 'µs', size: 1e-6 },
  ].find(({ size }) => seconds >= size) ?? { name: 'ns', size: 1e-9 };
  const value = seconds / unit.size;
  const shown = value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
  return `${shown} ${unit.name}`;
}

export const formatMegabytes = (megabytes: number): string => `${Math.round(megabytes).toLocaleString('en-US')} MB`;

export const formatNumber = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e9 ? value.toLocaleString('en-US') : value.toPrecision(4);

const pairs = (values: Readonly<Record<string, unknown>>, show: (value: unknown) => string): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${show(value)}`)
    .join(', ');

const showAny = (value: unknown): string => (typeof value === 'number' ? formatNumber(value) : String(value));

/** How many times the seconds of palate's figure another driver takes. */
export function ratioOf(result: DriverResult, figure: DriverResult | undefined): number | undefined {
  if (result === figure || result.seconds === undefined || figure?.seconds === undefined) return undefined;
  return result.seconds.median / figure.seconds.median;
}

export const formatRatio = (ratio: number): string => `${ratio >= 100 ? Math.round(ratio) : ratio.toPrecision(3)} ×`;

function row(result: DriverResult, figure: DriverResult | undefined): string {
  const { label } = drivers[result.driver];
  if (result.seconds === undefined) {
    const why = result.failed === undefined ? `skipped: ${result.skipped}` : `failed: ${result.failed}`;
    return `| ${label} | ${why.replaceAll('|', '\\|')} | | | | |`;
  }
  const { median, min, max } = result.seconds;
  const about = result.extrapolated === undefined ? '' : '≈ ';
  const range = min === max ? '' : ` (${formatTime(min)} to ${formatTime(max)})`;
  const ratio = ratioOf(result, figure);
  const remarks = [
    result.parts && pairs(result.parts, (value) => formatTime(value as number)),
    result.extrapolated && `≈ extrapolated from ${result.extrapolated}`,
    result.note,
  ].filter((remark) => remark);
  const cells = [
    label,
    `${about}${formatTime(median)}${range}`,
    ratio === undefined ? '' : `${about}${formatRatio(ratio)}`,
    pairs(result.quality ?? {}, showAny),
    formatMegabytes(result.peakMegabytes as number),
    remarks.join('; '),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A trial as Markdown: median time, that as a multiple of palate's, quality, peak memory of the process. */
export function toMarkdown({ trial, caption, parameters, input, drivers: results }: TrialResult): string {
  const figure = results.find(({ driver }) => drivers[driver].role === 'figure');
  return [
    `### ${trial}`,
    '',
    `${caption}. Input: ${pairs(input, showAny)}. ${pairs(parameters, showAny)}.`,
    '',
    '| driver | time (least to most) | time / palate | result | peak memory | remarks |',
    '| --- | --- | --- | --- | --- | --- |',
    ...results.map((result) => row(result, figure)),
    '',
  ].join('\n');
}
