import type { ScoreWeightsCall } from '../native/binding.js';
import { native } from '../native/load.js';
import { withCancel } from '../native/with-cancel.js';
import type { ItemWeightParameters } from '../types.js';
import type { ItemLists } from './history.js';
import { machineThreads, resultOf } from './select-top-k.js';
import type { SearchOptions, UserSearch } from './serving.js';

/** Likes of some users, with their values. */
export interface Histories {
  /** (users + 1) into the other two; need not start at 0. */
  offsets: Uint32Array;
  /** Ascending for each user. */
  items: Uint32Array;
  values: Float32Array;
}

/** The search by item-item weights: on the processor, whatever the device; see models/gpu-stages.ts. */
export function weightSearch(parameters: ItemWeightParameters, histories: Histories): UserSearch {
  const count = histories.offsets.length - 1;
  const numItems = parameters.offsets.length - 1;
  const call = ({ k: wanted, exclude, candidates, threads }: SearchOptions, targets?: ItemLists): ScoreWeightsCall => {
    const k = Math.min(wanted, Math.max(1, numItems)); // a k beyond the catalogue must not cost memory
    return {
      indices: new Uint32Array(count * k),
      scores: new Float32Array(count * k),
      historyOffsets: histories.offsets,
      historyItems: histories.items,
      historyValues: histories.values,
      weightOffsets: parameters.offsets,
      weightItems: parameters.indices,
      weights: parameters.weights,
      numUsers: count,
      numItems,
      k,
      excludeOffsets: exclude?.offsets,
      excludeItems: exclude?.items,
      candidates,
      ranks: targets && new Uint32Array(count),
      targetOffsets: targets?.offsets,
      targetItems: targets?.items,
      threads: threads ?? machineThreads,
    };
  };
  const run = (options: SearchOptions): ReturnType<UserSearch['run']> => {
    const made = call(options);
    native().scoreWeights(made);
    return resultOf({ ...made, numQueries: count }, options.k);
  };
  return {
    count,
    run,
    async start(options, signal) {
      const made = call(options);
      await withCancel(signal, (cancel) => native().startScoreWeights(made, cancel));
      return resultOf({ ...made, numQueries: count }, options.k);
    },
    async rankFirst({ targets, ...options }, signal) {
      const made = call({ ...options, k: 0 }, targets);
      await withCancel(signal, (cancel) => native().startScoreWeights(made, cancel));
      return made.ranks as Uint32Array;
    },
    sort(among) {
      const first = { ...histories, offsets: histories.offsets.subarray(0, 2) };
      const candidates = new Uint8Array(numItems);
      for (const item of among) candidates[item] = 1;
      const search = count === 1 ? run : weightSearch(parameters, first).run;
      const { indices, counts } = search({ k: among.length, candidates, threads: 1 });
      return indices.subarray(0, counts[0]);
    },
    shown: (_, score) => score,
  };
}
