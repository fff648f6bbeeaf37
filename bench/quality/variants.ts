import type { TrainOptions } from '../../src/index.js';

/** Ratings to predict, or likes to rank. */
export type Kind = 'explicit' | 'implicit';

/** A model as it is trained: by its defaults but for the options that make it another variant. */
export interface Variant {
  name: string;
  kind: Kind;
  options: TrainOptions;
}

const explicit = (name: string, options: TrainOptions): Variant => ({ name, kind: 'explicit', options });
const implicit = (name: string, options: TrainOptions): Variant => ({ name, kind: 'implicit', options });

/** The variant that the others of likes are compared with, by paired differences. */
export const REFERENCE = 'itemKnn';

/** One line a variant. Nothing here is fitted to the data that it is measured on. */
export const variants: readonly Variant[] = [
  explicit('mf', { model: 'mf' }),
  explicit('mf, implicit term (SVD++)', { model: 'mf', implicitTerm: true }),
  explicit('fm', { model: 'fm' }),
  explicit('bayesianFm, ids alone', { model: 'bayesianFm', fields: [], implicitBlocks: false }),
  explicit('bayesianFm', { model: 'bayesianFm' }),
  explicit('bayesianFm, time slots', { model: 'bayesianFm', timeSlots: true }),
  implicit(REFERENCE, { model: 'itemKnn' }),
  implicit('ease', { model: 'ease' }),
  implicit('slim', { model: 'slim' }),
  implicit('ials', { model: 'ials' }),
  implicit('mf, bpr', { model: 'mf', objective: 'bpr' }),
  implicit('itemSoftmax', { model: 'itemSoftmax' }),
  implicit('itemSoftmax, sampledSoftmax', { model: 'itemSoftmax', objective: 'sampledSoftmax' }),
  implicit('itemSoftmax, negativeSampling', { model: 'itemSoftmax', objective: 'negativeSampling' }),
  implicit('coLikes', { model: 'coLikes' }),
];
