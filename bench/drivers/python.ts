import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SimdLevel } from '../../src/native/binding.js';

const FIND_MODULES =
  'import importlib.util, sys; sys.exit(0 if all(importlib.util.find_spec(m) for m in sys.argv[1:]) else 1)';

const found = new Map<string, string | undefined>();

/** The first Python that has the modules: PALATE_BENCH_PYTHON, python3 of PATH, the system's; undefined when none has. */
export function pythonWith(modules: readonly string[]): string | undefined {
  const key = modules.join(' ');
  if (!found.has(key)) {
    const candidates = [process.env.PALATE_BENCH_PYTHON, 'python3', '/usr/bin/python3'].filter((c) => c !== undefined);
    found.set(
      key,
      candidates.find((python) => spawnSync(python, ['-c', FIND_MODULES, ...modules]).status === 0),
    );
  }
  return found.get(key);
}

/** Debian's OpenBLAS on OpenMP: the pthread one fights with the threads of PyTorch and faiss. */
function openblasFolder(): string | undefined {
  if (process.platform !== 'linux' || !existsSync('/usr/lib')) return undefined;
  return readdirSync('/usr/lib')
    .map((folder) => path.join('/usr/lib', folder, 'openblas-openmp'))
    .find((folder) => existsSync(folder));
}

/** Names of OpenBLAS for its kernels at the level of this processor. */
const coreTypes: Partial<Record<SimdLevel, readonly string[]>> = {
  avx512: ['SkylakeX', 'Cooperlake'],
  avx2: ['Haswell', 'Zen'],
};

/**
 * The environment in which the peers are fastest: PyTorch's AVX-512 code where the processor has it, one OpenMP pool, and a
 * malloc that keeps large blocks on huge pages instead of mapping them anew (page faults would take most of the time of a
 * step). A core type or cache size that was forced on OpenBLAS is taken out.
 */
function baseEnvironment(level: SimdLevel): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  const openblas = openblasFolder();
  return {
    ...env,
    ...(level === 'avx512' && { ATEN_CPU_CAPABILITY: 'avx512' }),
    ...(openblas !== undefined && {
      LD_LIBRARY_PATH: [openblas, env.LD_LIBRARY_PATH].filter((folder) => folder).join(path.delimiter),
    }),
    PYTHONDONTWRITEBYTECODE: '1',
    MALLOC_MMAP_THRESHOLD_: String(2 ** 33),
    MALLOC_TRIM_THRESHOLD_: String(2 ** 34),
    MALLOC_TOP_PAD_: String(2 ** 28),
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  };
}

const gemm = fileURLToPath(new URL('../peers/gemm.py', import.meta.url));
const tuned = new Map<string, NodeJS.ProcessEnv>();

/**
 * The tuned environment for a Python with NumPy. OpenBLAS takes a processor newer than itself for one without AVX, at a
 * quarter of the speed or less, so a short matrix product decides whether to name its kernels.
 */
export function peerEnvironment(python: string, threads: number, level: SimdLevel): NodeJS.ProcessEnv {
  const known = tuned.get(python);
  if (known !== undefined) return { ...known, OMP_NUM_THREADS: String(threads) };
  const base = baseEnvironment(level);
  const speeds = [undefined, ...(coreTypes[level] ?? [])].map((name) => {
    const env = { ...base, OMP_NUM_THREADS: '1', ...(name !== undefined && { OPENBLAS_CORETYPE: name }) };
    return { name, env, speed: Number(spawnSync(python, [gemm], { env, encoding: 'utf8' }).stdout) };
  });
  // What OpenBLAS finds by itself stays unless another choice is clearly better.
  const worth = (choice: (typeof speeds)[number]): number => choice.speed * (choice.name === undefined ? 1.1 : 1);
  const best = speeds.reduce((a, b) => (worth(b) > worth(a) ? b : a));
  const shown = speeds.map(({ name, speed }) => `${name ?? 'its own choice'} ${speed.toFixed(0)}`).join(', ');
  process.stderr.write(`OpenBLAS of ${python}, GFLOP/s a thread: ${shown}; taken: ${best.name ?? 'its own choice'}\n`);
  tuned.set(python, best.env);
  return { ...best.env, OMP_NUM_THREADS: String(threads) };
}
