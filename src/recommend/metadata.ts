import type { Vector } from 'apache-arrow';
import { Titles } from '../dataset/titles.js';
import type { ModelData } from '../types.js';

const titles = new WeakMap<ModelData, Titles>();

/** The title of an item, undefined where the metadata has none. */
export function titleOf(data: ModelData, item: number): string | undefined {
  const title: unknown = data.itemTable?.getChild('title')?.get(item);
  return title == null ? undefined : String(title);
}

/** The genres of an item, empty where the metadata has none. */
export function genresOf(data: ModelData, item: number): string[] {
  const genres = data.itemTable?.getChild('genres')?.get(item) as Vector | null | undefined;
  return genres == null ? [] : Array.from(genres, String);
}

/** The item index of a title; see Dataset.findTitle. */
export function findTitle(data: ModelData, text: string): number {
  let known = titles.get(data);
  if (known === undefined) {
    known = new Titles(data.itemTable, data.seen.itemCounts());
    titles.set(data, known);
  }
  return known.find(text);
}
