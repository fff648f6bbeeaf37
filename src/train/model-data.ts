import type { Dataset } from '../dataset/dataset.js';
import type { ModelData, ModelName } from '../types.js';
import type { Trained } from './trained.js';

/** A trained model as plain data. `options`: all that shape it. */
export function modelData(
  data: Dataset,
  { parameters, history, metrics }: Trained,
  options: Record<string, unknown> & { model: ModelName },
  seed: number,
): ModelData {
  return {
    name: options.model,
    // JSON has no undefined: what is left out here is not there after a save either.
    options: { ...defined(options), model: options.model, seed },
    users: data.users,
    items: data.items,
    seen: data.interactions,
    itemTable: data.itemTable,
    userTable: data.userTable,
    implicit: data.implicit,
    parameters,
    history,
    metrics,
  };
}

const defined = (options: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
