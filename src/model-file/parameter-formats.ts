import type { Parameters } from '../types.js';
import { factorFormat } from './factor-format.js';
import { itemVectorFormat } from './item-vector-format.js';
import { itemWeightFormat } from './item-weight-format.js';
import type { ParameterFormat } from './parameter-format.js';

type Kind = Parameters['kind'];

/** One line a kind of parameters. */
const formats: { readonly [K in Kind]: ParameterFormat<Extract<Parameters, { kind: K }>> } = {
  factors: factorFormat,
  itemVectors: itemVectorFormat,
  itemWeights: itemWeightFormat,
};

export const KINDS = Object.keys(formats) as readonly Kind[];

/** The format of the parameters of a kind. */
export function formatOf(kind: Kind): ParameterFormat<Parameters> {
  // The register ties each format to its kind; TypeScript does not follow that through the look-up.
  return formats[kind] as ParameterFormat<Parameters>;
}
