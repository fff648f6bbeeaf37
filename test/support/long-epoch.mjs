// An epoch that would take many seconds: what tests of cancelling, exits and terminations interrupt. Plain JavaScript, so that
// child processes and workers load it without tsx.

const empty = { u: new Uint32Array(0), f: new Float32Array(0) };

/**
 * 'rows': five million updates of rows 4,096 wide, in 256 blocks.
 * 'batches': a hundred thousand dense Adam steps over 4,000 rows.
 * @param {'rows' | 'batches'} kind
 * @returns {import('../../src/native/binding.js').TrainerConfig}
 */
export function longEpochConfig(kind) {
  const users = kind === 'rows' ? 200 : 2000;
  const each = kind === 'rows' ? 25_000 : 50;
  const items = kind === 'rows' ? 100 : 2000;
  return {
    numUsers: users,
    numItems: items,
    numFeatures: 0,
    dim: kind === 'rows' ? 4096 : 64,
    offsets: Uint32Array.from({ length: users + 1 }, (_, u) => u * each),
    items: Uint32Array.from({ length: users * each }, (_, n) => (n * 7919) % items),
    values: Float32Array.from({ length: users * each }, (_, n) => 1 + (n % 5)),
    validUsers: empty.u,
    validItems: empty.u,
    validValues: empty.f,
    userFeatureOffsets: empty.u,
    userFeatures: empty.u,
    userFeatureWeights: empty.f,
    itemFeatureOffsets: empty.u,
    itemFeatures: empty.u,
    itemFeatureWeights: empty.f,
    implicitTerm: false,
    withinSide: false,
    objective: 'squared',
    link: 'sigmoid',
    rangeMin: 1,
    rangeMax: 5,
    globalBias: 0,
    trainGlobalBias: false,
    biases: true,
    biasLearningRate: 1,
    featureLearningRate: 1,
    initStd: 0.01,
    optimizer: kind === 'rows' ? 'sgd' : 'adam',
    beta1: kind === 'rows' ? 0.9 : 0.995, // too much momentum for the closed form: steps are dense
    beta2: 0.999,
    epsilon: 1e-8,
    regularizationUser: 0,
    regularizationItem: 0,
    regularizationBias: 0,
    regularizationFeature: 0,
    regularizationPower: 0.5,
    decoupled: false,
    lazy: false,
    batchSize: 1,
    clipNorm: 0,
    seed: 1,
    threads: 2,
  };
}
