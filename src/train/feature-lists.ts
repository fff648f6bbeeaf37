import type { Field } from '../dataset/features.js';
import { activeWeight } from '../recommend/combine-fields.js';
import type { FieldParameters } from '../types.js';

/** Active shared features of the rows of one side over all fields, CSR; empty arrays where there are none. */
export interface FeatureLists {
  offsets: Uint32Array;
  features: Uint32Array;
  weights: Float32Array;
}

/** Fields laid out behind one another: label l of field f is shared feature `starts[f] + l`. */
export interface FeatureLayout {
  numFeatures: number;
  starts: readonly number[];
  users: FeatureLists;
  items: FeatureLists;
}

function listsOf(side: Field['side'], fields: readonly Field[], starts: readonly number[], rows: number): FeatureLists {
  const mine = fields.flatMap((field, f) => (field.side === side ? [{ field, start: starts[f] as number }] : []));
  if (mine.length === 0) {
    return { offsets: new Uint32Array(0), features: new Uint32Array(0), weights: new Float32Array(0) };
  }
  const size = mine.reduce((total, { field }) => total + field.indices.length, 0);
  const offsets = new Uint32Array(rows + 1);
  const features = new Uint32Array(size);
  const weights = new Float32Array(size);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const { field, start } of mine) {
      const begin = field.offsets[row] as number;
      const end = field.offsets[row + 1] as number;
      const weight = activeWeight(end - begin);
      for (let n = begin; n < end; n++) {
        features[at] = start + (field.indices[n] as number);
        weights[at++] = weight;
      }
    }
    offsets[row + 1] = at;
  }
  return { offsets, features, weights };
}

export function layOutFeatures(fields: readonly Field[], numUsers: number, numItems: number): FeatureLayout {
  const starts: number[] = [];
  let numFeatures = 0;
  for (const field of fields) {
    starts.push(numFeatures);
    numFeatures += field.labels.length;
  }
  return {
    numFeatures,
    starts,
    users: listsOf('user', fields, starts, numUsers),
    items: listsOf('item', fields, starts, numItems),
  };
}

/** The learnt rows of each field, as views on the arrays over all features. */
export function fieldParameters(
  fields: readonly Field[],
  layout: FeatureLayout,
  factors: Float32Array,
  biases: Float32Array,
  dim: number,
): FieldParameters[] {
  return fields.map((field, f) => {
    const start = layout.starts[f] as number;
    const end = start + field.labels.length;
    return { ...field, factors: factors.subarray(start * dim, end * dim), biases: biases.subarray(start, end) };
  });
}
