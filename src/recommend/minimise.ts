const mostSteps = 25;

/** A convex function of a row, with its local approximation. */
export interface Minimum {
  /** Length of the row. */
  width: number;
  objective(x: Float64Array): number;
  /** Where the quadratic approximation of the objective at x has its minimum. */
  target(x: Float64Array): Float64Array;
}

/** The row that minimises an objective, from zero by Newton steps, which are halved until the objective falls. */
export function minimise({ width, objective, target }: Minimum): Float64Array {
  let x: Float64Array = new Float64Array(width);
  let value = objective(x);
  for (let step = 0; step < mostSteps; step++) {
    const whole = target(x);
    let next = whole;
    let nextValue = objective(next);
    for (let share = 0.5; nextValue > value && share > 1e-6; share /= 2) {
      next = x.map((old, k) => old + share * ((whole[k] as number) - old));
      nextValue = objective(next);
    }
    if (!(nextValue < value)) break;
    const settled = value - nextValue <= 1e-9 * value;
    x = next;
    value = nextValue;
    if (settled) break;
  }
  return x;
}
