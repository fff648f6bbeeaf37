import { rangeError } from '../options.js';
import { type Axis, stepsOf, type Values, valueAt } from './space.js';

/** More trials than anybody trains: a step or a count in the space is a slip. */
const MOST = 100_000;

/** The distinct values of a dimension in a grid, in their order. */
function gridValues(axis: Axis): unknown[] {
  if ('values' in axis) return [...axis.values];
  const { min, max, step, points } = axis;
  if (points !== undefined) {
    return [...new Set(Array.from({ length: points }, (_, i) => valueAt(axis, i / (points - 1))))];
  }
  if (step === undefined) {
    throw rangeError(`space.${axis.key}`, "a list, or a range with `points` or `step`, with strategy 'grid'", axis);
  }
  const count = stepsOf({ min, max, step });
  return Array.from({ length: Math.min(count, MOST + 1) }, (_, i) => Number((min + i * step).toPrecision(12)));
}

/** Every combination of a grid; the last key changes fastest. */
export function gridOf(axes: readonly Axis[]): Values[] {
  const columns = axes.map((axis) => ({ key: axis.key, values: gridValues(axis) }));
  const size = columns.reduce((product, { values }) => product * values.length, 1);
  if (size > MOST) throw rangeError('space', `a grid of at most ${MOST} combinations`, size);
  return columns.reduce<Values[]>(
    (rows, { key, values }) => rows.flatMap((row) => values.map((value) => ({ ...row, [key]: value }))),
    [{}],
  );
}
