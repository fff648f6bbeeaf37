import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { drivers } from './drivers/index.js';
import { describeMachine } from './machine.js';
import { toSummary } from './quality/tables.js';
import { formatMegabytes, formatNumber, formatRatio, formatTime, ratioOf } from './report.js';
import { QUALITY_FILE, readResults, resultsFolder, writeWhole } from './results.js';
import { trials } from './trials.js';
import type { DriverResult, ResultFile } from './types.js';

const COMMAND = 'npm run bench -- --size full';

const readmeFile = fileURLToPath(new URL('../README.md', import.meta.url));

/** The fastest other library that ran. */
export function bestPeer(results: readonly DriverResult[]): DriverResult | undefined {
  return results
    .filter(({ driver, seconds }) => drivers[driver].role === 'peer' && seconds !== undefined)
    .sort((a, b) => (a.seconds?.median as number) - (b.seconds?.median as number))[0];
}

function peerCell(result: ResultFile, peer: DriverResult | undefined): string {
  const peers = result.drivers.filter(({ driver }) => drivers[driver].role === 'peer');
  const missing = peers.filter(({ seconds }) => seconds === undefined).map(({ driver }) => drivers[driver].label);
  const without = missing.length === 0 ? '' : ` (not measured: ${missing.join(', ')})`;
  if (peer?.seconds === undefined) return peers.length === 0 ? '–' : `–${without}`;
  const about = peer.extrapolated === undefined ? '' : '≈ ';
  return `${drivers[peer.driver].label}${peer.note === undefined ? '' : ' °'} ${about}${formatTime(peer.seconds.median)}${without}`;
}

function qualityCell(result: ResultFile, figure: DriverResult, peer: DriverResult | undefined): string {
  const value = figure.quality?.[result.quality];
  if (value === undefined) return '–';
  const theirs = peer?.quality?.[result.quality];
  const beside = theirs === undefined || theirs === value ? '' : ` (${formatNumber(theirs)})`;
  return `${result.quality} ${formatNumber(value)}${beside}`;
}

function row(result: ResultFile): string {
  const figure = result.drivers.find(({ driver }) => drivers[driver].role === 'figure');
  if (figure?.seconds === undefined) throw new Error(`the result of '${result.trial}' has no figure of palate`);
  const peer = bestPeer(result.drivers);
  const ratio = peer && ratioOf(peer, figure);
  const about = peer?.extrapolated === undefined ? '' : '≈ ';
  const cells = [
    `\`${result.trial}\``,
    formatTime(figure.seconds.median),
    peerCell(result, peer),
    ratio === undefined ? '–' : `${about}${formatRatio(ratio)}`,
    qualityCell(result, figure, peer),
    formatMegabytes(figure.peakMegabytes as number),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Marks that the table uses, each explained only where it is used. */
function legend(rows: readonly string[], results: readonly ResultFile[]): string[] {
  const text = rows.join('\n');
  const notes = results.flatMap((result) => {
    const peer = bestPeer(result.drivers);
    return peer?.note === undefined ? [] : [`${drivers[peer.driver].label}: ${peer.note}`];
  });
  return [
    ...(text.includes('≈') ? ['≈ scaled up from a part of the work.'] : []),
    ...(notes.length > 0 ? [`° ${[...new Set(notes)].join('; ')}.`] : []),
  ];
}

/** The summary of all results of full size, in the order of the trials, a table for each machine. */
export function summaryTable(results: ReadonlyMap<string, ResultFile>): string {
  const known = trials.map(({ name }) => results.get(name)).filter((result) => result !== undefined);
  if (known.length === 0) return `No results are kept yet; \`${COMMAND}\` measures them.`;
  const machines = [...new Set(known.map(({ machine }) => describeMachine(machine)))];
  return machines
    .map((machine) => {
      const here = known.filter((result) => describeMachine(result.machine) === machine);
      const rows = here.map(row);
      const dates = here.map(({ date }) => date).sort();
      const when = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`;
      return [
        `\`${COMMAND}\` on ${machine}; ${when}. Times are medians, the peer's figure of quality in brackets:`,
        '',
        '| task | palate | fastest peer | peer / palate | quality | peak memory |',
        '| --- | --- | --- | --- | --- | --- |',
        ...rows,
        '',
        ...legend(rows, here),
      ]
        .join('\n')
        .trimEnd();
    })
    .join('\n\n');
}

/** The text with a table between the two markers of `name`. Error when it lacks them. */
export function withTable(text: string, name: 'bench' | 'quality', table: string): string {
  const [first, last] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [begin, end] = [text.indexOf(first), text.indexOf(last)];
  if (begin < 0 || end < begin) throw new Error(`README.md lacks the lines ${first} and ${last}`);
  return `${text.slice(0, begin + first.length)}\n${table}\n${text.slice(end)}`;
}

/** README.md with the tables of what is kept in a folder; a table stays where nothing is. */
export function withKeptTables(text: string, folder: string): string {
  const timed = withTable(text, 'bench', summaryTable(readResults(folder)));
  const quality = path.join(folder, QUALITY_FILE);
  if (!existsSync(quality)) return timed;
  return withTable(timed, 'quality', toSummary(JSON.parse(readFileSync(quality, 'utf8'))));
}

/** Puts the tables of the kept results into README.md. */
export function writeReadme(): void {
  writeWhole(readmeFile, withKeptTables(readFileSync(readmeFile, 'utf8'), resultsFolder));
}
