import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expectSchedule, lastScheduleFactor, scheduleFactor } from '../../src/train/schedules.js';
import type { Schedule } from '../../src/types.js';

const tables: [Schedule, number[]][] = [
  [{ type: 'constant' }, [1, 1, 1, 1, 1]],
  [{ type: 'exponential', factor: 0.5 }, [1, 0.5, 0.25, 0.125, 0.0625]],
  [{ type: 'step', every: 2, factor: 0.1 }, [1, 1, 0.1, 0.1, 0.01]],
  [{ type: 'step', every: 1, factor: 2 }, [1, 2, 4, 8, 16]],
  [{ type: 'multiStep', epochs: [1, 3], factor: 0.5 }, [1, 0.5, 0.5, 0.25, 0.25]],
  [{ type: 'multiStep', epochs: [3, 3, 0], factor: 0.5 }, [0.5, 0.5, 0.5, 0.125, 0.125]],
  [{ type: 'multiStep', epochs: [], factor: 0.5 }, [1, 1, 1, 1, 1]],
  [{ type: 'cosine' }, [1, 0.90450849718747, 0.65450849718747, 0.34549150281253, 0.09549150281253]],
  [{ type: 'cosine', floor: 0.2 }, [1, 0.92360679774998, 0.72360679774998, 0.47639320225002, 0.27639320225002]],
  [{ type: 'cosine', floor: 1 }, [1, 1, 1, 1, 1]],
  [{ type: 'linear' }, [1, 0.8, 0.6, 0.4, 0.2]],
  [{ type: 'linear', floor: 0.5 }, [1, 0.9, 0.8, 0.7, 0.6]],
];

for (const [schedule, factors] of tables) {
  test(`${JSON.stringify(schedule)} over five epochs`, () => {
    for (const [epoch, factor] of factors.entries()) {
      const actual = scheduleFactor(schedule, epoch, 5);
      assert.ok(Math.abs(actual - factor) < 1e-12, `epoch ${epoch}: ${actual}, not ${factor}`);
    }
    const isSmooth = schedule.type === 'cosine' || schedule.type === 'linear';
    assert.equal(expectSchedule(schedule), isSmooth ? { floor: 0, ...schedule } : schedule);
  });
}

test('at the end of an epoch smooth schedules reach the factor of the next, the others keep theirs', () => {
  for (const [schedule, factors] of tables) {
    const isSmooth = schedule.type === 'cosine' || schedule.type === 'linear';
    for (let epoch = 0; epoch < 4; epoch++) {
      const expected = factors[isSmooth ? epoch + 1 : epoch];
      assert.ok(Math.abs(lastScheduleFactor(schedule, epoch, 5) - expected) < 1e-12, JSON.stringify(schedule));
    }
  }
  assert.is(lastScheduleFactor({ type: 'linear', floor: 0.25 }, 4, 5), 0.25);
});

test('a single epoch of a cosine has the full rate', () => {
  assert.is(scheduleFactor({ type: 'cosine' }, 0, 1), 1);
});

const refused: [unknown, typeof TypeError | typeof RangeError, RegExp][] = [
  ['cosine', TypeError, /Expected `schedule` to be an object with a `type`, received "cosine" \(string\)/],
  [null, TypeError, /received null/],
  [{}, TypeError, /`schedule\.type` to be one of 'constant', .*received undefined/],
  [{ type: 'cosin' }, RangeError, /did you mean 'cosine'\?/],
  [{ type: 'constant', factor: 1 }, TypeError, /Unknown option `factor` in schedule 'constant'/],
  [
    { type: 'step', evry: 2, factor: 0.1 },
    TypeError,
    /Unknown option `evry` in schedule 'step'; did you mean `every`\?/,
  ],
  [{ type: 'exponential' }, TypeError, /`schedule\.factor` to be a number > 0, received undefined/],
  [{ type: 'exponential', factor: 0 }, RangeError, /`schedule\.factor` to be a number > 0, received 0/],
  [{ type: 'step', every: 0, factor: 0.1 }, RangeError, /`schedule\.every` to be an integer >= 1, received 0/],
  [{ type: 'multiStep', epochs: 3, factor: 0.1 }, TypeError, /`schedule\.epochs` to be an array of integers >= 0/],
  [{ type: 'multiStep', epochs: [1, -1], factor: 0.1 }, RangeError, /`schedule\.epochs\[1\]` to be an integer >= 0/],
  [{ type: 'cosine', floor: 2 }, RangeError, /`schedule\.floor` to be a number >= 0 and <= 1, received 2/],
];

for (const [value, kind, message] of refused) {
  test(`refused: ${JSON.stringify(value)}`, () => {
    assert.throws(
      () => expectSchedule(value),
      (error: Error) => error instanceof kind && message.test(error.message) && 'code' in error,
    );
  });
}

test.run();
