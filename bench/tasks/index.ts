import type { Driver } from '../types.js';

/** Drivers of each task, loaded only in the child process that runs one of them. */
export const tasks: Record<string, () => Promise<{ drivers: readonly Driver[] }>> = {
  load: () => import('./load.js'),
};
