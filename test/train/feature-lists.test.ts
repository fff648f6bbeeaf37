import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Field } from '../../src/dataset/features.js';
import { fieldParameters, layOutFeatures } from '../../src/train/feature-lists.js';

const u32 = (...values: number[]): Uint32Array => Uint32Array.from(values);
const genres: Field = {
  name: 'genres',
  side: 'item',
  labels: ['a', 'b', 'c'],
  offsets: u32(0, 2, 2, 5),
  indices: u32(0, 2, 0, 1, 2),
};
const sex: Field = { name: 'sex', side: 'user', labels: ['f', 'm'], offsets: u32(0, 1, 2), indices: u32(1, 0) };
const year: Field = {
  name: 'year',
  side: 'item',
  bucket: 5,
  labels: ['1990'],
  offsets: u32(0, 1, 1, 2),
  indices: u32(0, 0),
};

test('fields lie behind one another, and each row lists its labels with weights 1 / sqrt(active) of the field', () => {
  const { numFeatures, starts, users, items } = layOutFeatures([genres, sex, year], 2, 3);
  assert.is(numFeatures, 6);
  assert.equal(starts, [0, 3, 5]);
  assert.equal(users, { offsets: u32(0, 1, 2), features: u32(4, 3), weights: Float32Array.of(1, 1) });
  const [half, third] = [Math.SQRT1_2, 1 / Math.sqrt(3)];
  assert.equal(items, {
    offsets: u32(0, 3, 3, 7),
    features: u32(0, 2, 5, 0, 1, 2, 5),
    weights: Float32Array.of(half, half, 1, third, third, third, 1),
  });
});

test('a side without fields has empty lists', () => {
  const none = { offsets: u32(), features: u32(), weights: new Float32Array(0) };
  assert.equal(layOutFeatures([genres], 2, 3).users, none);
  assert.equal(layOutFeatures([sex], 2, 3).items, none);
  assert.equal(layOutFeatures([], 2, 3), { numFeatures: 0, starts: [], users: none, items: none });
});

test('what was learnt goes back to its field, without copies', () => {
  const fields = [genres, sex, year];
  const factors = Float32Array.from({ length: 12 }, (_, n) => n);
  const biases = Float32Array.from({ length: 6 }, (_, n) => 10 * n);
  const learnt = fieldParameters(fields, layOutFeatures(fields, 2, 3), factors, biases, 2);
  assert.equal(learnt[1], { ...sex, factors: Float32Array.of(6, 7, 8, 9), biases: Float32Array.of(30, 40) });
  assert.equal(learnt[2], { ...year, factors: Float32Array.of(10, 11), biases: Float32Array.of(50) });
  assert.is(learnt[0].factors.buffer, factors.buffer);
});

test.run();
