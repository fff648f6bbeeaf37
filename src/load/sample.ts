import { Field, Float32, Float64, Int32, List, makeVector, Schema, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { expectInt, expectKnownKeys } from '../options.js';
import { SAMPLE_FILMS, type SampleFilm } from './sample-films.js';

/** To be shown wherever the sample, or a figure from it, is shown. */
export const SAMPLE_LABEL: string =
  'Simulated sample: the films are real, the people and their ratings are made up from a seed.';

/** Options of {@link sampleRatings}. */
export interface SampleOptions {
  /** Number of simulated people, 1..100000. Default 1000. A smaller sample is a prefix of a larger one. */
  users?: number;
  /** Seed of the simulation, an integer in 0..2^32-1. Default 42. */
  seed?: number;
}

/** A written taste: weights over genres, decades (by their first year) and film families; missing ones weigh 0. */
interface Taste {
  name: string;
  /** How many people hold it, relative to the others. */
  share: number;
  genres: Record<string, number>;
  decades: Record<number, number>;
  families: Record<string, number>;
}

const TASTES: readonly Taste[] = [
  {
    name: 'family animation',
    share: 5,
    genres: { Animation: 1.5, Children: 1.5, Horror: -1.5, Crime: -0.5, War: -0.5 },
    decades: { 1990: 0.3, 2000: 0.4 },
    families: { pixar: 1.5, disney: 1, toons: 1, family: 2, ghibli: -0.5 },
  },
  {
    name: 'space opera',
    share: 4,
    genres: { 'Sci-Fi': 1.5, Adventure: 0.5, Romance: -1, Musical: -1 },
    decades: { 1970: 0.3, 1980: 0.5, 1930: -0.5 },
    families: { starwars: 2, trek: 2, scifi: 1.2, hero: 0.5 },
  },
  {
    name: 'swords and spells',
    share: 3,
    genres: { Fantasy: 1.5, Adventure: 1, Crime: -0.6, 'Film-Noir': -0.5 },
    decades: { 2000: 0.5 },
    families: { tolkien: 2, potter: 2, indy: 0.8, ghibli: 0.5, starwars: 0.4, slasher: -1 },
  },
  {
    name: 'capes and car chases',
    share: 5,
    genres: { Action: 1.5, Adventure: 0.5, Thriller: 0.4, Drama: -0.6, Musical: -1, Documentary: -0.5 },
    decades: { 1990: 0.4, 2000: 0.4, 2010: 0.5, 1940: -0.6, 1950: -0.6 },
    families: { hero: 1.5, action: 1.5, bond: 1.5, indy: 0.7, nolan: 0.6, arthouse: -1 },
  },
  {
    name: 'nineties multiplex',
    share: 4,
    genres: { Adventure: 0.4, Documentary: -0.5, 'Film-Noir': -0.7 },
    decades: { 1980: 0.6, 1990: 2, 1940: -0.5, 1950: -0.5 },
    families: { action: 1.5, family: 1.5, scifi: 0.5, arthouse: -1, golden: -0.5 },
  },
  {
    name: 'crime epics',
    share: 4,
    genres: { Crime: 1.5, Drama: 0.5, 'Film-Noir': 0.5, Children: -1.2, Fantasy: -0.6 },
    decades: { 1970: 0.5, 1990: 0.4 },
    families: { mafia: 1.5, scorsese: 2, tarantino: 1.2, coen: 0.8 },
  },
  {
    name: 'slasher nights',
    share: 2,
    genres: { Horror: 2.5, Thriller: 0.4, Children: -1, Romance: -0.8, Musical: -0.8 },
    decades: { 1970: 0.4, 1980: 0.6 },
    families: { slasher: 2, horror: 1.5 },
  },
  {
    name: 'date-night romance',
    share: 4,
    genres: { Romance: 1.6, Comedy: 0.6, Horror: -1.2, 'Sci-Fi': -0.7, War: -0.5, Western: -0.7, Action: -0.4 },
    decades: { 1990: 0.6, 2000: 0.4 },
    families: { romcom: 2, musical: 0.8 },
  },
  {
    name: 'westerns and war rooms',
    share: 2,
    genres: { Western: 2.2, War: 2, Animation: -1, Fantasy: -0.7 },
    decades: { 1950: 0.5, 1960: 0.7, 1970: 0.4 },
    families: { western: 1, war: 1, romcom: -0.8, potter: -0.5 },
  },
  {
    name: 'art-house and ghibli',
    share: 3,
    genres: { Drama: 0.5, Action: -0.5, Comedy: -0.3 },
    decades: { 1950: 0.4, 1960: 0.3 },
    families: { arthouse: 3, ghibli: 2.8, kubrick: 1.2, doc: 0.8, action: -0.8, hero: -0.8, comedy: -0.5 },
  },
  {
    name: 'golden-age screen',
    share: 2,
    genres: { 'Film-Noir': 1.2, Mystery: 0.4, 'Sci-Fi': -0.6 },
    decades: { 1930: 1.4, 1940: 1.8, 1950: 1.5, 1960: 0.7, 2000: -0.5, 2010: -0.6 },
    families: { hitchcock: 1.2, golden: 1, action: -0.6 },
  },
  {
    name: 'show tunes',
    share: 2,
    genres: { Musical: 2.8, Romance: 0.5, Thriller: -0.7, Horror: -0.5, War: -0.4 },
    decades: { 1960: 0.4 },
    families: { musical: 1.2, disney: 0.5 },
  },
  {
    name: 'laughing out loud',
    share: 4,
    genres: { Comedy: 2, Drama: -0.6, War: -0.6, Horror: -0.3 },
    decades: { 1980: 0.3, 1990: 0.4 },
    families: { comedy: 1.8, coen: 0.6, golden: -0.6 },
  },
  {
    name: 'mind-benders',
    share: 4,
    genres: { Mystery: 1.1, Thriller: 0.7, 'Sci-Fi': 0.6, Children: -1, Musical: -0.7 },
    decades: { 1990: 0.3, 2000: 0.5, 2010: 0.4 },
    families: { mind: 2, nolan: 1.8, kubrick: 1.4, hitchcock: 0.7 },
  },
  {
    name: 'true stories',
    share: 2,
    genres: { Documentary: 3, Drama: 0.8, War: 0.8, Fantasy: -0.8, Horror: -0.7 },
    decades: {},
    families: { doc: 1, drama: 1, hero: -0.7 },
  },
];

const MIN_PER_USER = 20;
const MAX_PER_USER = 150;
const DAY = 86_400;
/** 2005-01-01 and 2020-12-31, UTC, in unix seconds: every rating lies between. */
const FIRST_TIME = 1_104_537_600;
const LAST_TIME = 1_609_372_800;
/** Mean length of a Gregorian year in seconds. */
const YEAR = 31_556_952;

/** sfc32: 32-bit integer steps only, so that a seed gives the same numbers in every engine. */
class Random {
  #a: number;
  #b: number;
  #c = 0;
  #count = 1;

  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    // Near seeds start near each other; sfc32 has mixed them after a dozen steps.
    for (let i = 0; i < 15; i++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  }

  /** Mean 0, variance 1, within +-3.5: a sum of four uniforms, for log and cos may differ between engines. */
  normal(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * Math.sqrt(3);
  }

  /** Integer in low..high, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
}

const yearOf = (title: string): number => Number(title.slice(-5, -1));

/** How well a taste suits every film, scaled to mean 0 and variance 1 so that no taste is louder than another. */
function suit(taste: Taste): Float64Array {
  const raw = Float64Array.from(SAMPLE_FILMS, ([, title, genres, family]: SampleFilm) => {
    let weight = taste.families[family] ?? 0;
    weight += taste.decades[yearOf(title) - (yearOf(title) % 10)] ?? 0;
    for (const genre of genres.split('|')) weight += taste.genres[genre] ?? 0;
    return weight;
  });
  const mean = raw.reduce((sum, x) => sum + x, 0) / raw.length;
  const variance = raw.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / raw.length;
  return raw.map((x) => (x - mean) / Math.sqrt(variance));
}

/** 1 to 3 distinct tastes, drawn by their shares; the first is the strongest. */
function drawTastes(random: Random): number[] {
  const wanted = random.int(1, 3);
  const drawn: number[] = [];
  const total = TASTES.reduce((sum, taste) => sum + taste.share, 0);
  while (drawn.length < wanted) {
    let left = random.next() * total;
    let at = -1;
    // Shares are integers and the draw is below their sum, so the walk ends inside the list.
    while (left >= 0) left -= (TASTES[++at] as Taste).share;
    if (!drawn.includes(at)) drawn.push(at);
  }
  return drawn;
}

/** Popularity (Zipf over a rank, positive, no unit) and quality (stars around 0) of every film. */
function drawFilms(random: Random): { popularity: Float64Array; quality: Float64Array } {
  const quality = Float64Array.from(SAMPLE_FILMS, (film) => (film[5] - 3.7) * 0.3 + random.normal() * 0.12);
  const score = Float64Array.from(SAMPLE_FILMS, (film) => film[4] + film[5] * 0.3 + random.normal() * 0.5);
  const order = SAMPLE_FILMS.map((_, i) => i).sort((i, j) => (score[j] as number) - (score[i] as number) || i - j);
  const popularity = new Float64Array(order.length);
  order.forEach((film, rank) => {
    popularity[film] = 1 / (rank + 40);
  });
  return { popularity, quality };
}

/**
 * The ratings of the built-in sample: real films, SIMULATED people ({@link SAMPLE_LABEL}), about 52 ratings a person.
 *
 * Every simulated person has
 * - one to three tastes of a written list ('space opera', 'crime epics', ...); a taste weighs genres, decades and
 *   film families, and its fit to the films has mean 0 and variance 1. Affinity = the fits added with weights
 *   1, 0.7, 0.5, divided by the root of the weights' squares;
 * - a mean of their own (3.05 stars, deviation 0.35);
 * - 20 to 150 ratings (cubed uniform: half the people give fewer than 37) in sittings of at most 25, each in the mood
 *   of one of their tastes. A film is drawn by popularity (Zipf, steered by the film list) times the square of
 *   1 + 0.55 x the mood's fit + 0.35 x affinity (at least 0.15), and only in calendar years after its release.
 *
 * Rating = own mean + film quality + 0.65 x affinity + noise (deviation 0.55), rounded to half stars.
 *
 * Returns an Arrow table, rows by user, then by time, no (user, item) pair twice:
 * `userId` Int32 (1..users), `itemId` Int32 (an id of {@link sampleItems}), `rating` Float32 (0.5..5 in halves),
 * `time` Float64 (whole unix seconds, 2005 to 2020). The schema's metadata carries the label under 'label'.
 * The same options give the same bytes on every platform.
 */
export function sampleRatings(options: SampleOptions = {}): Table<{
  userId: Int32;
  itemId: Int32;
  rating: Float32;
  time: Float64;
}> {
  expectKnownKeys('sampleRatings', options, ['users', 'seed']);
  const users = expectInt('users', options.users ?? 1000, { min: 1, max: 100_000 });
  const seed = expectInt('seed', options.seed ?? 42, { min: 0, max: 4_294_967_295 });

  const count = SAMPLE_FILMS.length;
  const years = Int32Array.from(SAMPLE_FILMS, (film) => yearOf(film[1]));
  const fits = TASTES.map(suit);
  const { popularity, quality } = drawFilms(new Random(seed, 0));

  const userId = new Int32Array(users * MAX_PER_USER);
  const itemId = new Int32Array(users * MAX_PER_USER);
  const rating = new Float32Array(users * MAX_PER_USER);
  const time = new Float64Array(users * MAX_PER_USER);
  let rows = 0;

  const affinity = new Float64Array(count);
  const cumulated = new Float64Array(count);
  const lastRatedBy = new Int32Array(count);

  for (let user = 1; user <= users; user++) {
    // A stream of its own for every person, so that more people do not change the first ones.
    const random = new Random(seed, user);
    const tastes = drawTastes(random);
    const mean = 3.05 + 0.35 * random.normal();
    affinity.fill(0);
    let squares = 0;
    tastes.forEach((taste, k) => {
      const strength = k === 0 ? 1 : k === 1 ? 0.7 : 0.5;
      squares += strength * strength;
      const fit = fits[taste] as Float64Array;
      for (let f = 0; f < count; f++) affinity[f] = (affinity[f] as number) + strength * (fit[f] as number);
    });
    const scale = 1 / Math.sqrt(squares);
    for (let f = 0; f < count; f++) affinity[f] = (affinity[f] as number) * scale;

    const draw = random.next();
    let left = MIN_PER_USER + Math.floor((MAX_PER_USER - MIN_PER_USER + 1) * draw * draw * draw);
    // The last half year is left free for the sittings of those who join last.
    let sitting = random.int(FIRST_TIME, LAST_TIME - YEAR / 2);

    while (left > 0) {
      const size = Math.min(left, random.int(8, 25));
      const fit = fits[tastes[random.int(0, tastes.length - 1)] as number] as Float64Array;
      const year = 2005 + Math.floor((sitting - FIRST_TIME) / YEAR);
      let total = 0;
      for (let f = 0; f < count; f++) {
        if ((years[f] as number) < year && lastRatedBy[f] !== user) {
          const pull = Math.max(0.15, 1 + 0.55 * (fit[f] as number) + 0.35 * (affinity[f] as number));
          total += (popularity[f] as number) * pull * pull;
        }
        cumulated[f] = total;
      }

      let now = sitting;
      for (let given = 0; given < size; ) {
        const film = firstAbove(cumulated, random.next() * total);
        if (lastRatedBy[film] === user) continue;
        lastRatedBy[film] = user;
        const stars = mean + (quality[film] as number) + 0.65 * (affinity[film] as number) + 0.55 * random.normal();
        userId[rows] = user;
        itemId[rows] = film + 1;
        rating[rows] = Math.min(5, Math.max(0.5, Math.round(stars * 2) / 2));
        time[rows] = now;
        rows++;
        given++;
        now += random.int(4, 60);
      }
      left -= size;
      // A gap is a day plus a share of the time that is left; 30 days hold the days of the most sittings there are.
      const gap = random.next();
      sitting += DAY + Math.floor(gap * gap * 0.3 * Math.max(0, LAST_TIME - 30 * DAY - sitting));
    }
  }

  const fields = [
    new Field('userId', new Int32(), false),
    new Field('itemId', new Int32(), false),
    new Field('rating', new Float32(), false),
    new Field('time', new Float64(), false),
  ];
  return new Table(new Schema(fields, new Map([['label', SAMPLE_LABEL]])), {
    userId: makeVector(userId.slice(0, rows)),
    itemId: makeVector(itemId.slice(0, rows)),
    rating: makeVector(rating.slice(0, rows)),
    time: makeVector(time.slice(0, rows)),
  });
}

/** Index of the first entry above `value` of a non-decreasing array; the last index if none is. */
function firstAbove(cumulated: Float64Array, value: number): number {
  let low = 0;
  let high = cumulated.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulated[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The films of the built-in sample: real titles, years and genres. One row a film, by id:
 * `itemId` Int32 (dense from 1, not MovieLens ids), `title` Utf8 (MovieLens style, 'Matrix, The (1999)'),
 * `genres` List<Utf8> (MovieLens names), `year` Int32 (of release).
 */
export function sampleItems(): Table<{ itemId: Int32; title: Utf8; genres: List<Utf8>; year: Int32 }> {
  const text = new Utf8();
  const list = new List(new Field('item', text, false));
  return new Table({
    itemId: makeVector(Int32Array.from(SAMPLE_FILMS, (film) => film[0])),
    title: vectorFromArray(
      SAMPLE_FILMS.map((film) => film[1]),
      text,
    ),
    genres: vectorFromArray(
      SAMPLE_FILMS.map((film) => film[2].split('|')),
      list,
    ),
    year: makeVector(Int32Array.from(SAMPLE_FILMS, (film) => yearOf(film[1]))),
  });
}
