import type { SimdLevel } from '../../src/native/binding.js';

export type DriverName =
  | 'palate'
  | 'palate-1-thread'
  | 'palate-avx2'
  | 'palate-base'
  | 'palate-cuda'
  | 'typescript'
  | 'duckdb'
  | 'pandas'
  | 'libmf'
  | 'pytorch'
  | 'pytorch-sparse'
  | 'gensim'
  | 'faiss'
  | 'numpy'
  | 'scipy'
  | 'usearch';

/** One contender; what it does for a task is in tasks/ (Node) or peers/ (Python). */
export interface Driver {
  label: string;
  /** The figure, palate under other conditions, what one would write by hand, or another library. */
  role: 'figure' | 'variant' | 'baseline' | 'peer';
  /** Runs in Node as this implementation of the task. */
  node?: {
    implementation: 'palate' | 'typescript' | 'duckdb' | 'libmf' | 'usearch';
    threads?: 1;
    simd?: SimdLevel;
    device?: 'cuda';
    package?: string;
  };
  /** Runs in a Python that has these modules. */
  python?: { modules: readonly string[] };
  /** How to get it. */
  install?: string;
}

const torch = {
  role: 'peer',
  python: { modules: ['torch', 'numpy'] },
  install: 'apt-get install python3-torch libopenblas0-openmp',
} as const;

export const drivers: Readonly<Record<DriverName, Driver>> = {
  palate: { label: 'palate', role: 'figure', node: { implementation: 'palate' } },
  'palate-1-thread': {
    label: 'palate, 1 thread',
    role: 'variant',
    node: { implementation: 'palate', threads: 1 },
  },
  'palate-avx2': { label: 'palate, AVX2', role: 'variant', node: { implementation: 'palate', simd: 'avx2' } },
  'palate-base': { label: 'palate, base level', role: 'variant', node: { implementation: 'palate', simd: 'base' } },
  'palate-cuda': { label: 'palate, CUDA', role: 'variant', node: { implementation: 'palate', device: 'cuda' } },
  typescript: { label: 'plain TypeScript loops', role: 'baseline', node: { implementation: 'typescript' } },
  duckdb: {
    label: 'DuckDB CREATE TABLE',
    role: 'peer',
    node: { implementation: 'duckdb', package: '@duckdb/node-api' },
    install: 'npm install --no-save @duckdb/node-api',
  },
  pandas: {
    label: 'pandas read_csv',
    role: 'peer',
    python: { modules: ['pandas', 'numpy'] },
    install: 'apt-get install python3-pandas',
  },
  libmf: {
    label: 'LIBMF',
    role: 'peer',
    node: { implementation: 'libmf', package: 'libmf' },
    install: 'npm install --no-save libmf',
  },
  pytorch: { label: 'PyTorch', ...torch },
  'pytorch-sparse': { label: 'PyTorch, sparse gradients', ...torch },
  gensim: {
    label: 'gensim Word2Vec',
    role: 'peer',
    python: { modules: ['gensim', 'numpy'] },
    install: 'apt-get install python3-gensim',
  },
  faiss: {
    label: 'faiss IndexFlatIP',
    role: 'peer',
    python: { modules: ['faiss', 'numpy'] },
    install: 'apt-get install python3-faiss libopenblas0-openmp',
  },
  numpy: {
    label: 'NumPy argpartition',
    role: 'peer',
    python: { modules: ['numpy'] },
    install: 'apt-get install python3-numpy libopenblas0-openmp',
  },
  scipy: {
    label: 'SciPy sparse product',
    role: 'peer',
    python: { modules: ['scipy', 'numpy'] },
    install: 'apt-get install python3-scipy',
  },
  usearch: {
    label: 'usearch exactSearch',
    role: 'peer',
    node: { implementation: 'usearch', package: 'usearch' },
    install: 'npm install --no-save usearch',
  },
};
