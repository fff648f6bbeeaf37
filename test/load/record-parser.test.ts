import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dialect, RecordParser, type TextRecord } from '../../src/load/record-parser.js';

const CSV: Dialect = { delimiter: ',', quoted: true, newline: '\n' };

function parse(text: string, dialect: Partial<Dialect> = {}, cuts: readonly number[] = []): TextRecord[] {
  const parser = new RecordParser({ ...CSV, ...dialect });
  const records: TextRecord[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    records.push(...parser.push(text.slice(from, cut)));
    from = cut;
  }
  records.push(...parser.push(text.slice(from)), ...parser.finish());
  return records;
}

const cells = (text: string, dialect?: Partial<Dialect>): string[][] =>
  parse(text, dialect).map((record) => record.cells);

test('plain and quoted fields', () => {
  assert.equal(cells('a,b\n1,2\n'), [
    ['a', 'b'],
    ['1', '2'],
  ]);
  assert.equal(cells('a,b\r\n1,2'), [
    ['a', 'b'],
    ['1', '2'],
  ]);
  assert.equal(cells('a,,\n,\n'), [
    ['a', '', ''],
    ['', ''],
  ]);
  assert.equal(cells('"a","b,c","d ""e"""\n'), [['a', 'b,c', 'd "e"']]);
  assert.equal(cells('"a\nb",c\r\n"d\r\n\r\ne","f"\r\n'), [
    ['a\nb', 'c'],
    ['d\r\n\r\ne', 'f'],
  ]);
  assert.equal(
    cells('"",""\n""\n"","x"'),
    [
      ['', ''],
      ['', 'x'],
    ],
    'a line with one empty field is an empty line',
  );
  assert.equal(cells('a"b,c"d"\n'), [['a"b', 'c"d"']], 'a quote inside a field is a character');
  assert.equal(cells('""""""\n'), [['""']]);
  assert.equal(cells('1::a:b::2\n', { delimiter: '::', quoted: false }), [['1', 'a:b', '2']]);
  assert.equal(cells('"a::b"::c\n', { delimiter: '::' }), [['a::b', 'c']]);
  assert.equal(cells('"a|"b|c\n', { delimiter: '|', quoted: false }), [['"a', '"b', 'c']]);
  assert.equal(cells('a,b\r1,2\r', { newline: '\r' }), [
    ['a', 'b'],
    ['1', '2'],
  ]);
});

test('lines are counted as an editor counts them', () => {
  const lines = (text: string): number[] => parse(text).map((record) => record.line);
  assert.equal(lines('a,b\nc,d\ne,f'), [1, 2, 3]);
  assert.equal(lines('\n\na,b\n\nc,d\n'), [3, 5]);
  assert.equal(lines('"x\ny\n",b\r\nc,d\n'), [1, 4]);
});

test('what is wrong with a record is said', () => {
  const problems = (text: string): unknown[] =>
    parse(text).map(({ line, problem }) => [line, problem?.replace(/; where a `"` is an ordinary character.*/, '')]);
  assert.equal(problems('a,b\n"c"d,e\nf,g\n'), [
    [1, undefined],
    [2, 'a closing quote is followed by more text'],
    [3, undefined],
  ]);
  assert.equal(problems('a,b\nc,"d\ne,f\n'), [
    [1, undefined],
    [2, 'a quoted field is never closed'],
  ]);
  assert.equal(problems('a\rb,c\n'), [[1, 'a carriage return stands inside the line']]);
  assert.match(String(problems(`${'x'.repeat(2_000_001)},y\nz,z\n`)[0]), 'the line is longer than 2000000 bytes');
  assert.match(String(problems(`"${'x\n'.repeat(1_100_000)}`)[0]), 'a quoted field is never closed');
});

test('mixed line ends and leading blank lines are noticed', () => {
  const facts = (text: string): [boolean, number] => {
    const parser = new RecordParser(CSV);
    parser.push(text);
    parser.finish();
    return [parser.mixedLineEnds, parser.leadingBlankLines];
  };
  assert.equal(facts('a,b\n1,2\n'), [false, 0]);
  assert.equal(facts('a,b\r\n1,2\r\n3,4'), [false, 0]);
  assert.equal(facts('\n\na,b\r\n1,2\n'), [true, 2]);
});

const field = fc.oneof(
  fc.constantFrom('', 'a', '7', ',', '"', '""', '\n', '\r\n', 'x,"y"\nz', ' '),
  fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', ' '), maxLength: 8 }),
);
const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test('any records, written and read back in pieces of any size', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.array(fc.nat(120), { maxLength: 6 }),
      (rows, end, ended, cuts) => {
        const text = rows.map((row) => row.map(quote).join(',')).join(end) + (ended && rows.length > 0 ? end : '');
        const records = parse(
          text,
          {},
          cuts.map((cut) => Math.min(cut, text.length)),
        );
        assert.equal(
          records.map((record) => record.cells),
          rows,
        );
        assert.ok(records.every((record) => record.problem === undefined));
        assert.equal(records, parse(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('damaged text in pieces of any size gives the same records as in one', () => {
  const unit = fc.constantFrom('a', ',', '"', '\n', '\r\n', '\r');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), fc.array(fc.nat(40), { maxLength: 5 }), (text, cuts) => {
      assert.equal(
        parse(
          text,
          {},
          cuts.map((cut) => Math.min(cut, text.length)),
        ),
        parse(text),
      );
    }),
    { numRuns: 1000 },
  );
});

test.run();
