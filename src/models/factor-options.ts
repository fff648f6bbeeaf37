import type { ModelSpec } from './spec.js';

/** Options of every model that learns factors by gradient steps. */
export const factorOptions: ModelSpec['options'] = [
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
