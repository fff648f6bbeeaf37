import { isRating, type MetricRequest } from './metric-names.js';
import { DIVERSE_LISTS } from './recorders.js';

/** What the figures of an evaluation depend on besides the data. */
export interface Protocol {
  relevanceThreshold: number | undefined;
  sampledNegatives: number | undefined;
}

/** One sentence a metric, and one for each of the terms they use: `relevant`, `candidates`, `known`. */
export function defineMetrics(requests: readonly MetricRequest[], protocol: Protocol): Record<string, string> {
  const definitions: Record<string, string> = {};
  for (const request of requests) definitions[request.name] = define(request);
  if (requests.every(isRating)) return definitions;
  return { ...definitions, ...defineTerms(protocol) };
}

function defineTerms({ relevanceThreshold, sampledNegatives }: Protocol): Record<string, string> {
  const rated =
    relevanceThreshold === undefined ? 'Each test row' : `Each test row rated ${relevanceThreshold} or more`;
  const ranked =
    sampledNegatives === undefined
      ? 'All items with a training interaction, less those the user has in training.'
      : `The user's relevant items and ${sampledNegatives} others, drawn uniformly from the training items that the user ` +
        'has neither in training nor in the test; such figures do not compare with those over all items.';
  return {
    relevant: `${rated} of a known user and item that the user does not have in training.`,
    candidates: ranked,
    known:
      'A user or item with a training interaction; test rows of others count in the rating metrics alone, and users ' +
      'without a relevant item in no ranking metric.',
  };
}

function define({ kind, k }: MetricRequest): string {
  switch (kind) {
    case 'precision':
      return `Relevant items among the first ${k} candidates, divided by ${k}; mean over users.`;
    case 'recall':
      return `Relevant items among the first ${k}, divided by the user's number of relevant items; mean over users.`;
    case 'truncatedRecall':
      return `Relevant items among the first ${k}, divided by the smaller of ${k} and the user's number of relevant items; mean over users.`;
    case 'ndcg':
      return `Sum of 1 / log2(rank + 1) over relevant items in the first ${k}, divided by that of the best possible list of ${k}; mean over users.`;
    case 'ndcgFull':
      return `Sum of 1 / log2(rank + 1) over relevant items in the first ${k}, divided by that of a list of all the user's relevant items; mean over users.`;
    case 'hitRate':
      return `Share of users with a relevant item among the first ${k}.`;
    case 'map':
      return `Precision at each relevant item in the first ${k}, summed and divided by the smaller of ${k} and the user's number of relevant items; mean over users.`;
    case 'mrr':
      return '1 / rank of the first relevant item in the full ranking of the candidates; mean over users.';
    case 'coverage':
      return `Share of the training items that stand in the first ${k} of some user.`;
    case 'novelty':
      return `Mean over the first ${k} of -log2 of the share of training users who have the item, in bits; mean over users.`;
    case 'diversity':
      return (
        `Mean over pairs of the first ${k} of 1 - the cosine of two items, each a vector of the training users who have ` +
        `it; mean over users, of ${DIVERSE_LISTS} evenly spaced ones where there are more.`
      );
    case 'popularity':
      return `Share of the training users who have the item, mean over the first ${k}; mean over users.`;
    case 'gini':
      return `Gini index of how often each training item stands in the first ${k} of a user: 0 where all do alike, 1 where one item has every place.`;
    case 'rmse':
      return 'Root of the mean squared error of predicted ratings, clipped to the range of the training ratings, over all test rows; terms of unknown users and items are left out.';
    case 'mae':
      return 'Mean absolute error of predicted ratings, clipped to the range of the training ratings, over all test rows; terms of unknown users and items are left out.';
  }
}
