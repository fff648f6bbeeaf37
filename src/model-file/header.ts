import type { IdKind } from '../dataset/vocabulary.js';
import { models } from '../models/index.js';
import { expectBoolean, expectInt, expectOneOf, expectString, rangeError, typeError } from '../options.js';
import type { EpochRecord, ModelData, ModelName, Parameters, ResolvedOptions } from '../types.js';
import { expectArray, expectObject, type Json } from './expect-json.js';
import { MAX_ROWS, type Shape } from './layout.js';
import type { ParameterHeader } from './parameter-format.js';
import { formatOf, KINDS } from './parameter-formats.js';

/** What the JSON header says besides where the sections are. */
export interface Header extends Shape {
  model: ModelName;
  kind: Parameters['kind'];
  parameters: ParameterHeader;
  implicit: boolean;
  options: ResolvedOptions;
  metrics: Record<string, number>;
  history: EpochRecord[];
}

/** Where a section is. */
export interface SectionEntry {
  name: string;
  offset: number;
  length: number;
  /** In hexadecimal digits. */
  sha256: string;
}

/** The header of a model, checked by the rules of reading. */
export function headerOf(data: ModelData): Header {
  const { users, items, seen, parameters } = data;
  return parseHeader({
    ...formatOf(parameters.kind).describe(parameters),
    kind: parameters.kind,
    model: data.name,
    implicit: data.implicit,
    options: data.options,
    metrics: data.metrics,
    history: data.history,
    users: { kind: users.kind, size: users.size },
    items: { kind: items.kind, size: items.size },
    interactions: { size: seen.size, times: seen.times !== undefined },
    userTable: data.userTable !== undefined,
    itemTable: data.itemTable !== undefined,
  });
}

/** Takes the known keys of a decoded header; TypeError and RangeError, in the words of options, on wrong values. */
export function parseHeader(value: unknown): Header {
  const raw = expectObject('header', value);
  const model = expectOneOf('model', raw.model, Object.keys(models) as ModelName[]);
  const interactions = expectObject('interactions', raw.interactions);
  const kind = expectOneOf('kind', raw.kind, KINDS);
  return {
    model,
    kind,
    implicit: expectBoolean('implicit', raw.implicit),
    options: parseOptions(raw.options, model),
    metrics: parseMetrics(raw.metrics),
    history: expectArray('history', raw.history).map(parseEpoch),
    users: parseVocabulary('users', raw.users),
    items: parseVocabulary('items', raw.items),
    interactions: {
      size: expectInt('interactions.size', interactions.size, { min: 0, max: MAX_ROWS }),
      times: expectBoolean('interactions.times', interactions.times),
    },
    parameters: formatOf(kind).parse(raw),
    userTable: expectBoolean('userTable', raw.userTable),
    itemTable: expectBoolean('itemTable', raw.itemTable),
  };
}

/** The JSON of a header and its sections. */
export function headerJson({ parameters, ...header }: Header, sections: readonly SectionEntry[]): Json {
  return { ...header, ...parameters.json, sections };
}

/** The table of sections as the file has it; whether it fits the file is checked elsewhere. */
export function parseSections(value: unknown): SectionEntry[] {
  const { sections } = expectObject('header', value);
  return expectArray('sections', sections).map((section, i) => {
    const at = `sections[${i}]`;
    const { name, offset, length, sha256 } = expectObject(at, section);
    const hash = expectString(`${at}.sha256`, sha256);
    if (!/^[0-9a-f]{64}$/.test(hash)) throw rangeError(`${at}.sha256`, '64 hexadecimal digits', hash);
    return {
      name: expectString(`${at}.name`, name),
      offset: expectInt(`${at}.offset`, offset, { min: 0 }),
      length: expectInt(`${at}.length`, length, { min: 0 }),
      sha256: hash,
    };
  });
}

/** Reports may hold NaN and infinities: nothing is computed from them. */
function expectReport(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(name, 'a number', value);
  return value;
}

function parseOptions(value: unknown, model: ModelName): ResolvedOptions {
  const options = expectObject('options', value);
  if (options.model !== model) throw rangeError('options.model', `'${model}' as \`model\``, options.model);
  return { ...options, model, seed: expectInt('options.seed', options.seed, { min: 0 }) };
}

function parseMetrics(value: unknown): Record<string, number> {
  const metrics = Object.entries(expectObject('metrics', value));
  return Object.fromEntries(metrics.map(([name, metric]) => [name, expectReport(`metrics.${name}`, metric)]));
}

function parseEpoch(value: unknown, i: number): EpochRecord {
  const at = `history[${i}]`;
  const { epoch, learningRate, train, valid } = expectObject(at, value);
  return {
    epoch: expectInt(`${at}.epoch`, epoch, { min: 1 }),
    learningRate: expectReport(`${at}.learningRate`, learningRate),
    train: parseLoss(`${at}.train`, train),
    ...(valid !== undefined && { valid: parseLoss(`${at}.valid`, valid) }),
  };
}

function parseLoss(at: string, value: unknown): EpochRecord['train'] {
  const { loss, rmse } = expectObject(at, value);
  return {
    loss: expectReport(`${at}.loss`, loss),
    ...(rmse !== undefined && { rmse: expectReport(`${at}.rmse`, rmse) }),
  };
}

function parseVocabulary(name: string, value: unknown): { kind: IdKind; size: number } {
  const { kind, size } = expectObject(name, value);
  return {
    kind: expectOneOf(`${name}.kind`, kind, ['int32', 'int64', 'string']),
    size: expectInt(`${name}.size`, size, { min: 0, max: MAX_ROWS }),
  };
}
