import type { Field } from '../../dataset/features.js';
import type { Interactions } from '../../dataset/interactions.js';
import { activeWeight } from '../../recommend/combine-fields.js';

/** A field as the sampler needs it: how many labels, and which of them each row has. */
export interface Block {
  labels: number;
  /** (rows + 1) */
  offsets: Uint32Array;
  /** (active) */
  indices: Uint32Array;
}

/** The features of the rows of one side. */
export interface SideBlocks {
  /** (fields) labels of each. */
  sizes: Uint32Array;
  /** (rows + 1), (active), (active): labels over all fields, numbered through. */
  offsets: Uint32Array;
  features: Uint32Array;
  weights: Float32Array;
}

/** Of the fields of metadata those of one side. */
export function fieldBlocks(fields: readonly Field[], side: Field['side']): Block[] {
  return fields
    .filter((field) => field.side === side)
    .map(({ labels, offsets, indices }) => ({ labels: labels.length, offsets, indices }));
}

/** What a user has rated, as features of the user. */
export function ratedItems({ numItems, offsets, items }: Interactions): Block {
  return { labels: numItems, offsets, indices: items };
}

/** Who has rated an item, as features of the item. */
export function raters(interactions: Interactions): Block {
  const { offsets, users } = interactions.byItem();
  return { labels: interactions.numUsers, offsets, indices: users };
}

/** Blocks behind one another; the active labels of each in a row have weight 1 / sqrt(their number). */
export function layOutBlocks(blocks: readonly Block[], rows: number): SideBlocks {
  const size = blocks.reduce((total, { indices }) => total + indices.length, 0);
  const offsets = new Uint32Array(rows + 1);
  const features = new Uint32Array(size);
  const weights = new Float32Array(size);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    let start = 0;
    for (const block of blocks) {
      const begin = block.offsets[row] as number;
      const end = block.offsets[row + 1] as number;
      const weight = activeWeight(end - begin);
      for (let n = begin; n < end; n++) {
        features[at] = start + (block.indices[n] as number);
        weights[at++] = weight;
      }
      start += block.labels;
    }
    offsets[row + 1] = at;
  }
  return { sizes: Uint32Array.from(blocks, ({ labels }) => labels), offsets, features, weights };
}
