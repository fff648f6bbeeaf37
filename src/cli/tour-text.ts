import type { RecipeResult } from '../recipes/index.js';
import { counted, duration, heading, measure } from './output.js';
import { epochTable, recordTable } from './text.js';

/** What a recipe found, for a terminal. */
export function recipeText(result: RecipeResult): string {
  const { name, about, data, user, recommendations, similar, similarTo, sections, seconds } = result;
  const facts = `${counted(data.users, 'user')}, ${counted(data.items, 'film')}, ${counted(data.interactions, 'rating')}`;
  const scale = `from ${data.ratingMin} to ${data.ratingMax}, mean ${data.ratingMean.toFixed(3)}`;
  const blocks = [
    `${heading(`${name}: ${about}`)}\n${facts}\n${scale}, ${(100 * data.density).toFixed(2)} % of all pairs rated\n`,
    ...result.variants.map(
      (variant) =>
        `${heading(variant.name)}: ${variant.about}\n${epochTable(variant.epochs)}` +
        `${metricsText(variant.metrics)}; trained in ${duration(variant.seconds)}\n`,
    ),
    `${heading(`For user ${user.id}`)}, ${user.chosen} (${user.ratings})\n${recordTable(recommendations)}`,
    `${heading(`Like ${similarTo.title ?? `item ${similarTo.itemId}`}`)}\n${recordTable(similar)}`,
    ...sections.map((section) => `${heading(section.title)}\n${recordTable(section.rows)}`),
    `${metricsText(result.metrics)}; ${name} took ${duration(seconds)}\n`,
  ];
  return `${blocks.join('\n')}\n`;
}

const metricsText = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name} ${measure(value)}`)
    .join(', ');
