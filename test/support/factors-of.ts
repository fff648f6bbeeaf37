import * as assert from 'uvu/assert';
import type { FactorParameters, ModelData } from '../../src/types.js';

/** The parameters of a model that has factors. */
export function factorsOf({ data }: { data: ModelData }): FactorParameters {
  assert.is(data.parameters.kind, 'factors');
  return data.parameters as FactorParameters;
}
