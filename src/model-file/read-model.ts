import type { FileHandle } from 'node:fs/promises';
import type { Table, Vector } from 'apache-arrow';
import { Interactions } from '../dataset/interactions.js';
import { Vocabulary } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { ARRAYS, type Content, type NumberArray, numbersVector } from './arrow-stream.js';
import { checkModel } from './check-model.js';
import { decodeNumbers, decodeStrings, decodeTable } from './decode-stream.js';
import { Fault, messageOf, sectionFault } from './fault.js';
import { type Header, parseHeader, parseSections, type SectionEntry } from './header.js';
import { decodeJson } from './json.js';
import { aligned, type Column, leastBytes, listColumns, PART_BYTES, type Section, splitColumns } from './layout.js';
import { decodePrefix, hashHeader, PREFIX_SIZE, type Prefix } from './prefix.js';
import { readBytes } from './read-file.js';

/** Most bytes that Arrow's messages add to a column of numbers; it is some 500. */
const STREAM_OVERHEAD = 4096;

/** Reads and checks a whole file of `fileSize` bytes; Fault on anything that is not as `writeModel` leaves it. */
export async function readModel(
  handle: FileHandle,
  fileSize: number,
  partBytes: number = PART_BYTES,
): Promise<ModelData> {
  const start = (await readBytes(handle, 0, Math.min(PREFIX_SIZE, fileSize))).bytes;
  const prefix = decodePrefix(start, fileSize);
  const json = (await readBytes(handle, prefix.headerOffset, prefix.headerLength)).bytes;
  if (!hashHeader(start, json).equals(prefix.sha256)) {
    throw new Fault('the header is damaged: its SHA-256 does not match');
  }
  const { header, sections, entries } = readHeader(json, prefix, partBytes);
  const contents = new Map<string, Content>();
  for (const [i, section] of sections.entries())
    await readSection(handle, section, entries[i] as SectionEntry, contents);
  const data = assemble(header, contents);
  await checkModel(data);
  return data;
}

function readHeader(
  json: Buffer,
  prefix: Prefix,
  partBytes: number,
): { header: Header; sections: Section[]; entries: SectionEntry[] } {
  try {
    const decoded = decodeJson(json);
    const header = parseHeader(decoded);
    const entries = parseSections(decoded);
    const columns = listColumns(header);
    checkRoom(columns, prefix.headerOffset);
    const sections = splitColumns(columns, partBytes);
    checkSections(sections, entries, prefix);
    return { header, sections, entries };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(`the header is wrong: ${messageOf(error)}`, { cause: error });
  }
}

/** Before columns are split into parts: the parts of a column beyond all measure would fill the memory. */
function checkRoom(columns: readonly Column[], room: number): void {
  for (const column of columns) {
    if (leastBytes(column) > room) {
      throw new Fault(`the header is wrong: "${column.name}" needs ${leastBytes(column)} bytes, the file has ${room}`);
    }
  }
}

/** The sections lie where the writer puts them and are as long as their rows need: nothing else is allocated later. */
function checkSections(sections: readonly Section[], entries: readonly SectionEntry[], prefix: Prefix): void {
  if (sections.length !== entries.length) {
    throw new Fault(`the header lists ${entries.length} sections where ${sections.length} are expected`);
  }
  let end = PREFIX_SIZE;
  for (const [i, section] of sections.entries()) {
    const { name, type, rows } = section;
    const entry = entries[i] as SectionEntry;
    if (entry.name !== name) throw new Fault(`the header lists section "${entry.name}" where "${name}" is expected`);
    if (entry.offset !== aligned(end)) throw sectionFault(name, `begins at ${entry.offset}, not at ${aligned(end)}`);
    end = entry.offset + entry.length;
    if (end > prefix.headerOffset) throw sectionFault(name, `ends at ${end}, beyond ${prefix.headerOffset}`);
    const least = leastBytes(section);
    const most = type === 'table' || type === 'utf8' ? Number.POSITIVE_INFINITY : least + STREAM_OVERHEAD;
    if (entry.length < least || entry.length > most) {
      throw sectionFault(name, `has ${entry.length} bytes, which does not fit its ${rows} rows`);
    }
  }
  if (aligned(end) !== prefix.headerOffset)
    throw new Fault(`the header begins at ${prefix.headerOffset}, not at ${end}`);
}

async function readSection(
  handle: FileHandle,
  section: Section,
  entry: SectionEntry,
  contents: Map<string, Content>,
): Promise<void> {
  const { name, column, type, start, rows, total } = section;
  try {
    const { bytes, sha256 } = await readBytes(handle, entry.offset, entry.length);
    if (sha256 !== entry.sha256) throw new Fault('its SHA-256 does not match');
    if (type === 'table') contents.set(column, decodeTable(bytes, rows));
    else if (type === 'utf8') contents.set(column, decodeStrings(bytes, rows));
    else if (rows === total) contents.set(column, decodeNumbers(bytes, type, rows));
    else {
      const whole = (contents.get(column) ?? new ARRAYS[type](total)) as Float32Array;
      whole.set(decodeNumbers(bytes, type, rows) as Float32Array, start);
      contents.set(column, whole);
    }
  } catch (cause) {
    throw sectionFault(name, `is damaged: ${messageOf(cause)}`, cause);
  }
}

function assemble(header: Header, contents: ReadonlyMap<string, Content>): ModelData {
  const get = <T extends Content>(name: string): T => contents.get(name) as T;
  return {
    name: header.model,
    options: header.options,
    users: readVocabulary('user.ids', get('user.ids')),
    items: readVocabulary('item.ids', get('item.ids')),
    seen: new Interactions({
      numUsers: header.users.size,
      numItems: header.items.size,
      offsets: get<Uint32Array>('seen.offsets'),
      items: get<Uint32Array>('seen.items'),
      values: get<Float32Array>('seen.values'),
      times: header.interactions.times ? get<Float64Array>('seen.times') : undefined,
    }),
    userTable: header.userTable ? get<Table>('user.table') : undefined,
    itemTable: header.itemTable ? get<Table>('item.table') : undefined,
    implicit: header.implicit,
    parameters: header.parameters.assemble(get),
    history: header.history,
    metrics: header.metrics,
  };
}

function readVocabulary(section: string, ids: Vector | NumberArray): Vocabulary {
  try {
    return Vocabulary.fromVector(ArrayBuffer.isView(ids) ? numbersVector(ids) : ids);
  } catch (cause) {
    throw sectionFault(section, `is damaged: ${messageOf(cause)}`, cause);
  }
}
