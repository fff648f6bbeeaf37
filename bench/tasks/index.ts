import type { Measurement, Work } from '../types.js';

export type TaskName =
  | 'load'
  | 'train'
  | 'train-to-rmse'
  | 'bayesian-fm'
  | 'ials'
  | 'item-softmax'
  | 'skip-gram'
  | 'count-cooccurrence'
  | 'co-likes'
  | 'item-weights'
  | 'topk'
  | 'topk-all'
  | 'evaluate';

/** What the Node drivers run, by the name that drivers/ gives it. */
export type Implementations = Record<string, (work: Work) => Measurement | Promise<Measurement>>;

export interface Task {
  /** Loaded only in the child process that runs one of them. */
  load(): Promise<Implementations>;
  /** The script in peers/ for the Python drivers. */
  python?: string;
}

export const tasks: Readonly<Record<TaskName, Task>> = {
  load: { load: async () => (await import('./load.js')).implementations, python: 'load.py' },
  ials: { load: async () => (await import('./ials.js')).implementations, python: 'ials.py' },
  'item-softmax': { load: async () => (await import('./item-softmax.js')).implementations, python: 'item-softmax.py' },
  train: { load: async () => (await import('./train.js')).implementations, python: 'train.py' },
  'train-to-rmse': { load: async () => (await import('./train-to-rmse.js')).implementations },
  'bayesian-fm': { load: async () => (await import('./bayesian-fm.js')).implementations },
  'skip-gram': { load: async () => (await import('./skip-gram.js')).implementations, python: 'skip_gram.py' },
  topk: { load: async () => (await import('./topk.js')).implementations, python: 'topk.py' },
  'count-cooccurrence': {
    load: async () => (await import('./count-cooccurrence.js')).implementations,
    python: 'count_cooccurrence.py',
  },
  'co-likes': { load: async () => (await import('./co-likes.js')).implementations, python: 'co_likes.py' },
  'item-weights': { load: async () => (await import('./item-weights.js')).implementations, python: 'item_weights.py' },
  evaluate: { load: async () => (await import('./evaluate.js')).implementations },
  'topk-all': { load: async () => (await import('./topk-all.js')).implementations },
};
