import type { Dataset } from '../dataset/dataset.js';
import { describeCounts, drawCountChart, drawRatingChart } from './distribution-charts.js';
import { formatCount, formatNumber } from './format.js';
import type { Chart, ReportChapter } from './types.js';

/** The chapter on a dataset: its size, its ratings, and how many ratings users and items have. */
export async function writeDataChapter(data: Dataset, { charts }: { charts: boolean }): Promise<ReportChapter> {
  const { users, items, interactions, density, ratingMin, ratingMax, ratingMean } = data.describe();
  return {
    name: 'data',
    title: 'The data',
    figures: [
      { label: 'ratings', value: formatCount(interactions) },
      { label: 'users', value: formatCount(users) },
      { label: 'items', value: formatCount(items) },
      { label: 'of all pairs', value: `${formatNumber(100 * density, 2)} %` },
      ...(data.implicit ? [] : [{ label: `mean of ${ratingMin} to ${ratingMax}`, value: formatNumber(ratingMean, 2) }]),
    ],
    parts: charts ? [{ charts: await distributions(data) }] : [],
  };
}

async function distributions({ interactions, implicit, numInteractions }: Dataset): Promise<Chart[]> {
  const counted = (counts: Uint32Array, noun: 'items' | 'users'): Promise<Chart> =>
    drawCountChart(counts, noun, {
      name: `ratings-of-${noun}`,
      title: `Ratings of ${noun === 'items' ? 'an item' : 'a user'}`,
      description: `How many ${noun} have how many ratings: ${describeCounts(counts)}.`,
    });
  const ratings = implicit
    ? []
    : [
        drawRatingChart(interactions, {
          name: 'ratings',
          title: 'Ratings given',
          description: `How often each rating occurs among ${formatCount(numInteractions)}.`,
        }),
      ];
  return Promise.all([
    ...ratings,
    counted(interactions.itemCounts(), 'items'),
    counted(interactions.userCounts(), 'users'),
  ]);
}
