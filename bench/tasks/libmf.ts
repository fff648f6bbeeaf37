// LIBMF through its C interface, which takes the ratings from memory: the objects of npm's wrapper, one a rating, would
// take longer to make than to train on.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type ColumnsHeader, readHeader, readPart } from '../data/columns-file.js';
import { secondsSince } from '../measure.js';
import type { Parameters } from '../types.js';

const bySystem: Record<string, string> = { win32: 'mf.dll', darwin: 'libmf.dylib' };
const byArmSystem: Record<string, string> = { darwin: 'libmf.arm64.dylib', linux: 'libmf.arm64.so' };

/** The parts of koffi's interface that are used here. */
interface Koffi {
  struct(name: string, members: Record<string, string>): unknown;
  load(file: string): { func(declaration: string): (...args: unknown[]) => unknown };
}

/** Ratings as LIBMF takes them: a user, an item and a rating of 4 bytes each. */
interface Problem {
  m: number;
  n: number;
  nnz: number;
  r: Int32Array;
}

export interface Libmf {
  /** Which build it is. */
  note: string;
  train(part: Problem, options: { epochs: number; parameters: Parameters; threads: number }): Fit;
}

export interface Fit {
  /** Of the whole call, with the sorting of ratings into blocks. */
  seconds: number;
  rmse(part: Problem): number;
  free(): void;
}

export function readProblem(file: string, part: 'train' | 'test'): Problem {
  const { users, items } = readHeader<ColumnsHeader>(file);
  const columns = readPart(file, part);
  const size = columns.items.length;
  const nodes = new Int32Array(3 * size);
  const ratings = new Float32Array(nodes.buffer);
  for (let user = 0; user < users; user++) {
    const end = columns.offsets[user + 1] as number;
    for (let n = columns.offsets[user] as number; n < end; n++) {
      nodes[3 * n] = user;
      nodes[3 * n + 1] = columns.items[n] as number;
      ratings[3 * n + 2] = columns.values[n] as number;
    }
  }
  return { m: users, n: items, nnz: size, r: nodes };
}

/** npm's build of LIBMF, or the library that PALATE_BENCH_LIBMF names; koffi, which calls it, comes with the package. */
export function loadLibmf(): Libmf {
  const main = import.meta.resolve('libmf');
  const koffi = createRequire(main)('koffi') as Koffi;
  koffi.struct('mf_problem', { m: 'int', n: 'int', nnz: 'long long', r: 'void *' });
  koffi.struct('mf_parameter', {
    fun: 'int',
    k: 'int',
    nr_threads: 'int',
    nr_bins: 'int',
    nr_iters: 'int',
    lambda_p1: 'float',
    lambda_p2: 'float',
    lambda_q1: 'float',
    lambda_q2: 'float',
    eta: 'float',
    alpha: 'float',
    c: 'float',
    do_nmf: 'bool',
    quiet: 'bool',
    copy_data: 'bool',
  });
  koffi.struct('mf_model', { fun: 'int', m: 'int', n: 'int', k: 'int', b: 'float', p: 'void *', q: 'void *' });
  const names = process.arch.startsWith('arm') ? byArmSystem : bySystem;
  const shipped = fileURLToPath(new URL(`../vendor/${names[process.platform] ?? 'libmf.so'}`, main));
  const own = process.env.PALATE_BENCH_LIBMF;
  const library = koffi.load(own ?? shipped);
  const defaults = library.func('mf_parameter mf_get_default_param()');
  const train = library.func('mf_model *mf_train(mf_problem *problem, mf_parameter parameters)');
  const rmse = library.func('double calc_rmse(mf_problem *problem, mf_model *model)');
  const destroy = library.func('void mf_destroy_model(mf_model **model)');
  return {
    note: own === undefined ? "npm's build, which has no SIMD; PALATE_BENCH_LIBMF names another" : 'own build',
    train(part, { epochs, parameters, threads }) {
      const start = performance.now();
      const model = train(part, {
        ...(defaults() as object),
        k: parameters.dim,
        nr_threads: threads,
        nr_iters: epochs,
        lambda_p2: parameters.libmfRegularization,
        lambda_q2: parameters.libmfRegularization,
        eta: parameters.libmfLearningRate,
        quiet: true,
      });
      if (model === null) throw new Error('LIBMF refused to train');
      return {
        seconds: secondsSince(start),
        rmse: (test) => rmse(test, model) as number,
        free: () => void destroy([model]),
      };
    },
  };
}
