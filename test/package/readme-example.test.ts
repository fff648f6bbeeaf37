import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readExample } from './readme-example.mjs';

const fence = '```';

test('the first js or ts block behind the marker', () => {
  const blocks = `${fence}js\nfirst();\n${fence}\n<!-- example: packed -->\n${fence}sh\nnpm i palate\n${fence}\n${fence}ts\nsecond();\nthird();\n${fence}\n${fence}js\nfourth();\n${fence}\n`;
  assert.equal(readExample(`# palate\n${blocks}`), { extension: 'ts', code: 'second();\nthird();\n' });
});

test('none without a marker, or without a block behind it', () => {
  assert.is(readExample(`${fence}js\nfirst();\n${fence}\n`), undefined);
  assert.is(readExample(`${fence}js\nfirst();\n${fence}\n<!-- example: packed -->\n`), undefined);
});

test.run();
