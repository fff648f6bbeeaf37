/**
 * Colours of charts and page. Charts are drawn in those of the light theme; as each occurs once in this table, a style
 * sheet can find it in an SVG and put the dark one in its place.
 */
export const palette = {
  page: { light: '#ffffff', dark: '#15181c' },
  ink: { light: '#1d2126', dark: '#e7e9ec' },
  muted: { light: '#5a626b', dark: '#a3abb4' },
  rule: { light: '#e0e3e7', dark: '#31373e' },
  series1: { light: '#1f62a8', dark: '#72aceb' },
  series2: { light: '#b45309', dark: '#f2a65e' },
  series3: { light: '#2b7a3d', dark: '#7cc98f' },
  series4: { light: '#b83268', dark: '#f291b6' },
  series5: { light: '#7048b0', dark: '#bda2ec' },
  series6: { light: '#04757c', dark: '#5bc8cd' },
  series7: { light: '#806300', dark: '#d8bb52' },
  series8: { light: '#80868d', dark: '#868e97' },
} as const;

export type Shade = keyof typeof palette;

/** The colour that charts are drawn in. */
export const colour = (shade: Shade): string => palette[shade].light;

/** Colours that tell series apart, most distinct first; the last is for what is left over. */
export const seriesColours: readonly string[] = (Object.keys(palette) as Shade[])
  .filter((shade) => shade.startsWith('series'))
  .map(colour);

/** Rules that give charts the colours of the dark theme, on a screen whose user asks for it; paper stays white. */
export function darkChartRules(): string {
  const rules = Object.values(palette).map(
    ({ light, dark }) => `svg [fill="${light}"]{fill:${dark}}svg [stroke="${light}"]{stroke:${dark}}`,
  );
  return `@media screen and (prefers-color-scheme:dark){${rules.join('')}}`;
}

/** Colours of the page as custom properties. */
export function pageColours(theme: 'light' | 'dark'): string {
  return (['page', 'ink', 'muted', 'rule', 'series1', 'series2'] as const)
    .map((shade) => `--${shade}:${palette[shade][theme]}`)
    .join(';');
}
