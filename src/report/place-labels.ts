/** A label that wants to stand right of its point; numbers in pixels. */
export interface WantedLabel {
  x: number;
  y: number;
  text: string;
}

/** Of a character, at a font size of 1: about the mean of sans-serif fonts. */
const CHARACTER_WIDTH = 0.52;
const LINE_HEIGHT = 1.25;

/**
 * The first of `wanted` that fit without covering each other or leaving the width of the plot, at most `most`.
 *
 * @param wanted most important first
 */
export function placeLabels<T extends WantedLabel>(
  wanted: readonly T[],
  { fontSize, width, most }: { fontSize: number; width: number; most: number },
): T[] {
  const placed: T[] = [];
  const right = ({ x, text }: WantedLabel): number => x + text.length * CHARACTER_WIDTH * fontSize;
  for (const label of wanted) {
    if (placed.length === most) break;
    if (right(label) > width) continue;
    const isFree = placed.every(
      (other) =>
        Math.abs(other.y - label.y) > LINE_HEIGHT * fontSize ||
        other.x > right(label) + 4 ||
        label.x > right(other) + 4,
    );
    if (isFree) placed.push(label);
  }
  return placed;
}
