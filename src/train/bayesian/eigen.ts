import { type Dense, zeros } from './dense.js';

export interface Eigen {
  /** Descending. */
  values: Float64Array;
  /** The eigenvectors as columns. */
  vectors: Dense;
}

/** A symmetric matrix as Q^T T Q with T tridiagonal. */
interface Tridiagonal {
  /** (n) */
  diagonal: Float64Array;
  /** (n) below the diagonal: entry i stands between i and i + 1, the last is 0. */
  below: Float64Array;
  /** (n, n) Q; its rows become the eigenvectors. */
  turned: Float64Array;
}

/** Reflects rows and columns k + 1 ... of a symmetric matrix so that column k has one entry below the diagonal. */
function reflect(a: Float64Array, n: number, k: number, v: Float64Array, w: Float64Array): void {
  let squares = 0;
  for (let i = k + 1; i < n; i++) {
    v[i] = a[i * n + k] as number;
    squares += (v[i] as number) ** 2;
  }
  const head = v[k + 1] as number;
  const length = Math.sqrt(squares);
  const alpha = head > 0 ? -length : length;
  v[k + 1] = head - alpha;
  // 2 / |v|^2; 0 where the column is zero already.
  const scale = squares === 0 ? 0 : 1 / (squares - head * alpha);
  let product = 0;
  for (let i = k + 1; i < n; i++) {
    let sum = 0;
    for (let j = k + 1; j < n; j++) sum += (a[i * n + j] as number) * (v[j] as number);
    w[i] = scale * sum;
    product += (w[i] as number) * (v[i] as number);
  }
  const share = 0.5 * scale * product;
  for (let i = k + 1; i < n; i++) w[i] = (w[i] as number) - share * (v[i] as number);
  for (let i = k + 1; i < n; i++) {
    const [vi, wi] = [v[i] as number, w[i] as number];
    for (let j = k + 1; j < n; j++) {
      a[i * n + j] = (a[i * n + j] as number) - vi * (w[j] as number) - wi * (v[j] as number);
    }
  }
  // Column k is done; it keeps the reflection, scaled to H = I - u u^T.
  const root = Math.sqrt(scale);
  for (let i = k + 1; i < n; i++) a[i * n + k] = root * (v[i] as number);
  a[k * n + k + 1] = alpha;
}

/** Householder's reflections, column by column. */
function tridiagonalise({ rows: n, data }: Dense): Tridiagonal {
  const a = data.slice();
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) reflect(a, n, k, v, w);
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i] as number);
  const below = Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? (a[i * n + i + 1] as number) : 0));
  const turned = new Float64Array(n * n);
  for (let i = 0; i < n; i++) turned[i * n + i] = 1;
  // Q = H_{n-3} ... H_0: from the last one, each works on the rows behind its own alone.
  for (let k = n - 3; k >= 0; k--) {
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += (turned[i * n + j] as number) * (a[j * n + k] as number);
      for (let j = k + 1; j < n; j++) {
        turned[i * n + j] = (turned[i * n + j] as number) - sum * (a[j * n + k] as number);
      }
    }
  }
  return { diagonal, below, turned };
}

/** Steps of an eigenvalue; it takes two or three. */
const MOST_STEPS = 60;

/** One step of QL with Wilkinson's shift on rows `from` ... `to` of a tridiagonal matrix (Golub, Van Loan, section 8.3). */
function stepQl({ diagonal: d, below: e, turned }: Tridiagonal, from: number, to: number): void {
  const n = d.length;
  const gap = ((d[from + 1] as number) - (d[from] as number)) / (2 * (e[from] as number));
  const radius = Math.hypot(gap, 1);
  let g = (d[to] as number) - (d[from] as number) + (e[from] as number) / (gap + (gap < 0 ? -radius : radius));
  let [s, c, p] = [1, 1, 0];
  for (let i = to - 1; i >= from; i--) {
    const f = s * (e[i] as number);
    const b = c * (e[i] as number);
    const length = Math.hypot(f, g);
    e[i + 1] = length;
    if (length === 0) {
      d[i + 1] = (d[i + 1] as number) - p;
      e[to] = 0;
      return;
    }
    s = f / length;
    c = g / length;
    g = (d[i + 1] as number) - p;
    const r = ((d[i] as number) - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    for (let k = 0, x = i * n, y = x + n; k < n; k++, x++, y++) {
      const [first, second] = [turned[x] as number, turned[y] as number];
      turned[y] = s * first + c * second;
      turned[x] = c * first - s * second;
    }
  }
  d[from] = (d[from] as number) - p;
  e[from] = g;
  e[to] = 0;
}

/** Eigenvalues and vectors of a symmetric matrix: Householder's tridiagonal form, then implicit QL. */
export function eigenSymmetric(matrix: Dense): Eigen {
  const n = matrix.rows;
  const form = tridiagonalise(matrix);
  const { diagonal: d, below: e, turned } = form;
  for (let from = 0; from < n; from++) {
    for (let step = 0; step < MOST_STEPS; step++) {
      let to = from;
      while (to + 1 < n) {
        const size = Math.abs(d[to] as number) + Math.abs(d[to + 1] as number);
        if (Math.abs(e[to] as number) <= Number.EPSILON * size) break;
        to++;
      }
      if (to === from) break;
      stepQl(form, from, to);
    }
  }
  const order = Array.from(d.keys()).sort((i, j) => (d[j] as number) - (d[i] as number) || i - j);
  const vectors = zeros(n, n);
  for (const [column, i] of order.entries()) {
    for (let k = 0; k < n; k++) vectors.data[k * n + column] = turned[i * n + k] as number;
  }
  return { values: Float64Array.from(order, (i) => d[i] as number), vectors };
}
