import type { FactorSpec } from './spec.js';

/** Options of every model that learns factors by gradient steps. */
export const factorOptions: FactorSpec['options'] = [
  'dim',
  'epochs',
  'learningRate',
  'regularization',
  'regularizationPower',
  'weightDecay',
  'lazy',
  'optimizer',
  'objective',
  'schedule',
  'batchSize',
  'clipNorm',
  'link',
  'range',
  'biases',
  'biasLearningRate',
  'initStd',
  'betas',
  'epsilon',
  'patience',
];
