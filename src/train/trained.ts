import type { EpochRecord, Parameters } from '../types.js';

/** What a trainer makes of data: `(data, options, run) => Promise<Trained>`. */
export interface Trained {
  parameters: Parameters;
  history: EpochRecord[];
  metrics: Record<string, number>;
}
