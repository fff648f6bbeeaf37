/**
 * Puts the rows that a model has learnt over the first of a table. A row of zeros was not trained: there the table keeps what
 * it has.
 * @param target (rows, width); where the model's rows are shorter, zeros fill them up
 * @param known (at most as many rows, knownWidth)
 */
export function overlayRows(
  target: Float32Array,
  width: number,
  known: Float32Array,
  knownWidth: number = width,
): void {
  for (let row = 0, at = 0; at < known.length; row++, at += knownWidth) {
    const learnt = known.subarray(at, at + knownWidth);
    if (learnt.every((x) => x === 0)) continue;
    target.fill(0, row * width, (row + 1) * width);
    target.set(learnt, row * width);
  }
}
