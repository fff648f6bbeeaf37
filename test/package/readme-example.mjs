// The README's example is a test: the first code block behind the marker is run against the packed package.

const MARKER = '<!-- example: packed -->';

/** @param {string} markdown @returns {{ extension: 'mjs' | 'ts', code: string } | undefined} */
export function readExample(markdown) {
  const start = markdown.indexOf(MARKER);
  const block = start === -1 ? null : /^```(js|ts)\n(.*?)^```$/ms.exec(markdown.slice(start));
  return block === null ? undefined : { extension: block[1] === 'ts' ? 'ts' : 'mjs', code: block[2] };
}
