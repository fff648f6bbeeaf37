import type { FileHandle } from 'node:fs/promises';
import type { Vocabulary } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { type Content, encodeStream, type NumberArray } from './arrow-stream.js';
import { messageOf, sectionFault } from './fault.js';
import { type Header, headerJson, type SectionEntry } from './header.js';
import { encodeJson } from './json.js';
import { aligned, listColumns, PART_BYTES, type Section, splitColumns } from './layout.js';
import { formatOf } from './parameter-formats.js';
import { encodePrefix, PREFIX_SIZE } from './prefix.js';
import { writeAll, writePieces } from './write-file.js';

/**
 * Writes a checked model: the sections one after the other, the header behind them, the prefix when all is there.
 * @param partBytes where columns are cut; other sizes than PART_BYTES are for tests, and need the same when read.
 */
export async function writeModel(
  handle: FileHandle,
  data: ModelData,
  header: Header,
  partBytes: number = PART_BYTES,
): Promise<void> {
  const contents = contentsOf(data);
  const entries: SectionEntry[] = [];
  let end = PREFIX_SIZE;
  for (const section of splitColumns(listColumns(header), partBytes)) {
    const offset = aligned(end);
    const content = (contents.get(section.column) as () => Content)();
    const { length, sha256 } = await writePieces(handle, offset, encodeSection(section, content));
    entries.push({ name: section.name, offset, length, sha256 });
    end = offset + length;
  }
  const json = encodeJson(headerJson(header, entries));
  await writeAll(handle, json, aligned(end));
  await writeAll(handle, encodePrefix(aligned(end), json), 0);
}

function encodeSection({ name, start, rows, total }: Section, content: Content): AsyncIterable<Uint8Array> {
  const part = ArrayBuffer.isView(content) && rows < total ? content.subarray(start, start + rows) : content;
  try {
    return encodeStream(part);
  } catch (cause) {
    throw sectionFault(name, `cannot be written: ${messageOf(cause)}`, cause);
  }
}

/** What each column is made of. */
function contentsOf({ users, items, seen, userTable, itemTable, parameters }: ModelData): Map<string, () => Content> {
  const contents = new Map<string, () => Content>([
    ['user.ids', () => idsOf(users)],
    ['item.ids', () => idsOf(items)],
    ['seen.offsets', () => seen.offsets],
    ['seen.items', () => seen.items],
    ['seen.values', () => seen.values],
    ...formatOf(parameters.kind).contents(parameters),
  ]);
  const { times } = seen;
  if (times !== undefined) contents.set('seen.times', () => times);
  if (userTable !== undefined) contents.set('user.table', () => userTable);
  if (itemTable !== undefined) contents.set('item.table', () => itemTable);
  return contents;
}

/** Integer ids as the array that they are: long ones are cut into parts. */
function idsOf(ids: Vocabulary): Content {
  const vector = ids.toVector();
  return ids.kind === 'string' ? vector : (vector.toArray() as NumberArray);
}
