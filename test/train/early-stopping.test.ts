import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EarlyStopping } from '../../src/train/early-stopping.js';

/** What it says of each loss: B for the best so far, S for stop, - for neither. */
function verdicts(patience: number, losses: readonly number[]): string {
  const stopping = new EarlyStopping(patience);
  return losses
    .map((loss) => stopping.observe(loss))
    .map(({ best, stop }) => (best ? 'B' : '') + (stop ? 'S' : '') || '-')
    .join(' ');
}

test('stops when so many losses in a row were not better than the best', () => {
  assert.is(verdicts(1, [3, 2, 2.5]), 'B B S');
  assert.is(verdicts(2, [3, 2, 2.5, 2.1]), 'B B - S');
  assert.is(verdicts(2, [3, 2, 2.5, 1.9, 2, 2]), 'B B - B - S');
});

test('an equal loss is not better, nor is NaN', () => {
  assert.is(verdicts(2, [2, 2, 2]), 'B - S');
  assert.is(verdicts(2, [2, Number.NaN, 1, Number.NaN, Number.NaN]), 'B - B - S');
  assert.is(verdicts(2, [Number.NaN, Number.NaN]), '- S');
});

test('patience 0 never stops', () => {
  assert.is(verdicts(0, [1, 2, 3, 4]), 'B - - -');
  assert.is(new EarlyStopping(0).active, false);
  assert.is(new EarlyStopping(1).active, true);
});

test.run();
