import type { RecipeResult } from '../recipes/index.js';
import { counted, duration, heading, measure, wrap } from './output.js';
import { epochTable, recordTable } from './text.js';

/** What a recipe found, for a terminal. */
export function recipeText(result: RecipeResult): string {
  const { name, about, data, user, recommendations, similar, similarTo, sections, seconds } = result;
  const facts = `${counted(data.users, 'user')}, ${counted(data.items, 'film')}, ${counted(data.interactions, 'rating')}`;
  const scale = `from ${data.ratingMin} to ${data.ratingMax}, mean ${data.ratingMean.toFixed(3)}`;
  const blocks = [
    `${heading(wrap(`${name}: ${about}`))}${facts}\n${scale}, ${(100 * data.density).toFixed(2)} % of all pairs rated\n`,
    ...result.variants.map(
      (variant) =>
        `${heading(wrap(`${variant.name}: ${variant.about}`))}${epochTable(variant.epochs)}` +
        wrap(`${metricsText(variant.metrics)}; trained in ${duration(variant.seconds)}`),
    ),
    `${heading(wrap(`For user ${user.id}, ${user.chosen} (${user.ratings})`))}${recordTable(recommendations)}`,
    `${heading(wrap(`Like ${similarTo.title ?? `item ${similarTo.itemId}`}, ${result.similarAmong}`))}${recordTable(similar)}`,
    ...sections.map((section) => `${heading(wrap(section.title))}${recordTable(section.rows)}`),
    wrap(`${metricsText(result.metrics)}; ${name} took ${duration(seconds)}`),
  ];
  return `${blocks.join('\n')}\n`;
}

const metricsText = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name} ${measure(value)}`)
    .join(', ');
