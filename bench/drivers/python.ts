import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

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
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/usr/lib')
    .map((folder) => path.join('/usr/lib', folder, 'openblas-openmp'))
    .find((folder) => existsSync(folder));
}

/**
 * The environment in which the peers are fastest: no forced OpenBLAS core or cache size, PyTorch's AVX-512 code where the
 * processor has it, one OpenMP pool, and a malloc that keeps large blocks on huge pages instead of mapping them anew (page
 * faults would take most of the time of a step).
 */
export function peerEnvironment(threads: number, avx512: boolean): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  const openblas = openblasFolder();
  return {
    ...env,
    ...(avx512 && { ATEN_CPU_CAPABILITY: 'avx512' }),
    ...(openblas !== undefined && {
      LD_LIBRARY_PATH: [openblas, env.LD_LIBRARY_PATH].filter((folder) => folder).join(path.delimiter),
    }),
    OMP_NUM_THREADS: String(threads),
    PYTHONDONTWRITEBYTECODE: '1',
    MALLOC_MMAP_THRESHOLD_: String(2 ** 33),
    MALLOC_TRIM_THRESHOLD_: String(2 ** 34),
    MALLOC_TOP_PAD_: String(2 ** 28),
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  };
}
