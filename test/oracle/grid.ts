/** The block grid of native/core/grid.cc and grid_blocks.cc: which ratings stand where, and in which order. */
import type { TrainerConfig } from '../../src/native/binding.js';
import { OracleRng } from './train-rng.js';

export interface GridPlan {
  /** Item groups, and user groups of a square. */
  side: number;
  squares: number;
  /** Devices: cells of a block, each way; its warps take turns through them. Default 1. */
  inner?: number;
  /** Batches: ratings of a block in random order, else user by user. */
  mixed: boolean;
}

const MEBIBYTE = 2 ** 20;

/** Blocks a side: doubled from 4 up to 16 while a block would hold more than 25,000 ratings. */
export function sideFor(ratings: number): number {
  let side = 4;
  while (side < 16 && Math.floor(Math.floor(ratings / side) / side) > 25_000) side *= 2;
  return side;
}

/** Squares: doubled while their users' rows exceed 32 MiB, down to 6,250 ratings a block. */
export function squaresFor(ratings: number, userBytes: number, side: number): number {
  let squares = 1;
  const block = (): number => Math.floor(Math.floor(Math.floor(ratings / side) / side) / squares);
  while (Math.floor(userBytes / squares) > 32 * MEBIBYTE && block() > 12_500) squares *= 2;
  return squares;
}

const floats = { sgd: 1, adagrad: 2, adam: 3 };
const rowBytes = ({ dim, optimizer }: TrainerConfig): number => Math.ceil(dim / 16) * 64 * floats[optimizer];

export function planRows(config: TrainerConfig): GridPlan {
  const side = sideFor(config.items.length);
  return { side, squares: squaresFor(config.items.length, config.numUsers * rowBytes(config), side), mixed: false };
}

export function planBatches(config: TrainerConfig): GridPlan {
  const { numUsers, numItems, items, batchSize } = config;
  let side = sideFor(items.length);
  while (side > batchSize) side /= 2;
  const mixed = Math.floor(((numUsers + numItems) * rowBytes(config)) / side) <= 4 * MEBIBYTE;
  const squares = mixed ? 1 : squaresFor(items.length, numUsers * rowBytes(config), side);
  return { side, squares, mixed };
}

/** Of devices: the side doubles from 4 up to 1,024 while cells keep 16 ratings; with features 256, and 128 MiB of copies. */
export function planDeviceRows(config: TrainerConfig): GridPlan {
  const copyBytes = config.numFeatures * rowBytes(config);
  let side = 4;
  while (
    side < 1024 &&
    Math.floor(Math.floor(config.items.length / (2 * side)) / (2 * side)) >= (copyBytes === 0 ? 16 : 256) &&
    2 * side * copyBytes <= 128 * MEBIBYTE
  )
    side *= 2;
  return { side, squares: 1, inner: Math.min(8, side), mixed: false };
}

/** Of devices: as many blocks, up to 128, as have 8 ratings in each step and 4 steps a stratum; undefined below 8. */
export function planDeviceBatches(config: TrainerConfig): GridPlan | undefined {
  const { numUsers, numItems, items, batchSize } = config;
  let side = 128;
  while (side >= 8 && (side * 8 > batchSize || Math.floor(Math.floor(items.length / side) / 4) < batchSize)) side /= 2;
  const mixed = (numUsers + numItems) * rowBytes(config) <= 32 * MEBIBYTE;
  return side < 8 ? undefined : { side, squares: 1, mixed };
}

/** Group of each row: rows in random order, cut where the middle of each row's ratings falls. */
function assignGroups(counts: Uint32Array, total: number, groups: number, rng: OracleRng): number[] {
  const order = Uint32Array.from(counts.keys());
  rng.shuffle(order);
  const groupOf = new Array<number>(counts.length);
  let before = 0;
  for (const row of order) {
    const middle = before + Math.floor(counts[row] / 2);
    groupOf[row] = total === 0 ? 0 : Math.min(groups - 1, Math.floor((middle * groups) / total));
    before += counts[row];
  }
  return groupOf;
}

/** Ratings of each block, (user group, item group) row by row: users ascending, each user's ratings shuffled. */
export function userBlocks(config: TrainerConfig, { side, squares }: GridPlan): number[][] {
  const { numUsers, numItems, offsets, items, seed } = config;
  const itemCounts = new Uint32Array(numItems);
  for (const item of items) itemCounts[item]++;
  const userCounts = Uint32Array.from({ length: numUsers }, (_, u) => offsets[u + 1] - offsets[u]);
  const userGroups = assignGroups(userCounts, items.length, side * squares, new OracleRng(seed, 11n));
  const itemGroups = assignGroups(itemCounts, items.length, side, new OracleRng(seed, 12n));
  const blocks: number[][] = Array.from({ length: side * squares * side }, () => []);
  for (let user = 0; user < numUsers; user++) {
    const own = Uint32Array.from({ length: userCounts[user] }, (_, n) => offsets[user] + n);
    new OracleRng(seed, (13n << 32n) + BigInt(user)).shuffle(own);
    for (const n of own) blocks[userGroups[user] * side + itemGroups[items[n]]].push(n);
  }
  return blocks;
}

/** Four users take turns; who has no rating left gives the place to the next user, or leaves it. */
export function takeTurns(block: readonly number[], userOf: ArrayLike<number>): number[] {
  const queues: number[][] = [];
  for (const [at, n] of block.entries()) {
    if (at === 0 || userOf[n] !== userOf[block[at - 1]]) queues.push([]);
    (queues.at(-1) as number[]).push(n);
  }
  const turns = queues.splice(0, 4);
  const order: number[] = [];
  while (turns.length > 0) {
    for (let t = 0; t < turns.length; ) {
      order.push(turns[t].shift() as number);
      if (turns[t].length > 0) t++;
      else if (queues.length > 0) turns[t++] = queues.shift() as number[];
      else turns.splice(t, 1);
    }
  }
  return order;
}

/** Strata of an epoch as [square, shift]: squares in random order, the shifts of each too. */
export function strataOf({ side, squares, inner = 1 }: GridPlan, seed: number, epoch: number): [number, number][] {
  const rng = new OracleRng(seed, (22n << 32n) + BigInt(epoch));
  const order = Array.from({ length: squares }, (_, n) => n);
  rng.shuffle(order);
  return order.flatMap((square) => {
    const shifts = Array.from({ length: side / inner }, (_, n) => n);
    rng.shuffle(shifts);
    return shifts.map((shift): [number, number] => [square, shift]);
  });
}

/** The cells of a stratum by turn, a cell a warp, the warps of a block next to each other. Blocks have one warp but on devices. */
export function turnsOf({ side, inner = 1 }: GridPlan, [square, shift]: readonly [number, number]): number[][] {
  const blocks = side / inner;
  return Array.from({ length: inner }, (_, turn) =>
    Array.from({ length: side }, (_, n) => {
      const [block, warp] = [Math.floor(n / inner), n % inner];
      return (square * side + n) * side + ((block + shift) % blocks) * inner + ((warp + turn) % inner);
    }),
  );
}

/** The batches of a stratum: ceil(ratings / batchSize) steps, each with an equal share of every block. */
export function batchesOf(
  config: TrainerConfig,
  plan: GridPlan,
  blocks: readonly number[][],
  stratum: readonly [number, number],
): number[][] {
  const parts = turnsOf(plan, stratum)[0].map((cell) => {
    const block = [...blocks[cell]];
    if (plan.mixed) new OracleRng(config.seed, (14n << 32n) + BigInt(cell)).shuffle(block);
    return block;
  });
  const total = parts.reduce((sum, block) => sum + block.length, 0);
  const steps = Math.ceil(total / config.batchSize);
  return Array.from({ length: steps }, (_, k) =>
    parts.flatMap((block) => {
      const end = (n: number): number => Math.floor((block.length * n) / steps);
      return block.slice(end(k), end(k + 1));
    }),
  );
}
