import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { palate, Workplace } from './spawn-cli.js';

const test = suite('failures');
let at: Workplace;
let before: string[];
const train = (...args: string[]): string[] => ['train', at.data, '--model', 'mf', '--out', 'm.palate', ...args];

test.before(() => {
  at = new Workplace();
  writeFileSync(at.file('broken.csv'), 'userId,movieId,rating\n1,1,4\n1,2,good\n');
  writeFileSync(at.file('empty.csv'), '');
  writeFileSync(at.file('text.palate'), 'not a model\n');
  before = at.list();
});
test.after(() => at.remove());

/** Runs a command that must fail with one line on stderr, nothing on stdout, and no file made. */
async function fails(
  args: readonly string[],
  code: number,
  line: RegExp,
  env: Record<string, string> = {},
): Promise<void> {
  const run = await palate(args, { cwd: at.root, env });
  const what = `palate ${args.join(' ')}: ${run.stderr}`;
  assert.is(run.code, code, what);
  assert.is(run.stdout, '', what);
  // On a slow machine a line about reading may come first.
  assert.match(run.stderr, /^(\S+: read .*\n)*palate: [^\n]+\n$/, what);
  assert.match(run.stderr, line, what);
  assert.equal(at.list(), before, what);
}

/** Several at a time: each is a process of its own. */
async function allFail(cases: readonly (readonly [string[], number, RegExp])[]): Promise<void> {
  for (let i = 0; i < cases.length; i += 2) {
    await Promise.all(cases.slice(i, i + 2).map(([args, code, line]) => fails(args, code, line)));
  }
}

test('wrong usage has exit code 2 and names what was expected', async () => {
  await allFail([
    [train('--epoch', '3'), 2, /unknown option '--epoch' \(Did you mean --epochs\?\)/],
    [['traim'], 2, /unknown command 'traim' \(Did you mean train\?\)/],
    [['train', '--model', 'mf', '--out', 'm'], 2, /missing required argument 'ratings'/],
    [['train', at.data, '--model', 'mf'], 2, /train needs --out FILE/],
    [['train', at.data, '--modell', 'mf', '--out', 'm'], 2, /unknown option '--modell' \(Did you mean --model\?\)/],
    [['train', at.data, '--model', 'mff', '--out', 'm'], 2, /`--model` to be one of .* did you mean 'mf'\?/],
    [train('--dim', 'wide'), 2, /Expected `--dim` to be an integer >= 1, received "wide"/],
    [train('--learning-rate', '-1'), 2, /Expected `--learning-rate` to be a number > 0, received -1/],
    [train('--valid', '1'), 2, /Expected `--valid` to be a number > 0 and < 1, received 1/],
    [train('--dim'), 2, /'--dim <n>' argument missing/],
    [train('--simd', 'mmx'), 2, /`--simd` to be one of/],
    [train('--patience', '2'), 2, /--patience needs --valid FRACTION/],
    [['train', at.data, '--model', 'popularity', '--dim', '4', '--out', 'm'], 2, /'popularity' has no option `--dim`/],
    [['recommend', 'm.palate', '--user', '1', '--k', '0'], 2, /Expected `--k` to be an integer >= 1, received 0/],
    [['recommend', 'm.palate'], 2, /Give one of --user, --history, --titles and --all-users/],
    [['recommend', 'm.palate', '--user', '1', '--titles', 'a'], 2, /Give one of/],
    [['recommend', 'm.palate', '--all-users'], 2, /--all-users needs --out FILE/],
    [['recommend', 'm.palate', '--all-users', '--out', 'x.xls'], 2, /`--out` to end in \.csv/],
    [['similar', 'm.palate'], 2, /Give one of --item, --title and --pairs/],
    [['tour', '--recipe', 'rating-clasifier'], 2, /did you mean 'rating-classifier'\?/],
  ]);
});

test('work that cannot be done has exit code 1', async () => {
  const train1 = (source: string, ...rest: string[]): string[] => [
    'train',
    source,
    '--model',
    'mf',
    '--out',
    'm',
    ...rest,
  ];
  await allFail([
    [train1('none.csv'), 1, /none\.csv: no such file/],
    [train1('broken.csv'), 1, /broken\.csv.*(3|good).*(good|3)/],
    [train1('empty.csv'), 1, /empty\.csv.*empty/],
    [
      ['train', at.data, '--model', 'mf', '--out', 'no/such/folder/m'],
      1,
      /the folder .*no\/such\/folder does not exist/,
    ],
    [['train', at.data, '--model', 'mf', '--out', at.data], 1, /is a folder/],
    [['train', at.data, '--model', 'mf', '--out', '/dev/null'], 1, /\/dev\/null is a device or pipe/],
    [['train', 'broken.csv', '--model', 'mf', '--out', './broken.csv'], 1, /a file that this command reads/],
    [train('--device', 'cuda'), 1, /cuda/],
    [train('--min-user-ratings', '1000000'), 1, /1000000/],
    [['info', 'none.palate'], 1, /none\.palate/],
    [['info', 'text.palate'], 1, /text\.palate/],
    [['recommend', 'none.palate', '--user', '1'], 1, /none\.palate/],
    [['tour', '--data', 'nowhere'], 1, /--data nowhere: no such file or folder/],
  ]);
  await fails(['tour'], 1, /PALATE_DATA nowhere: no such file or folder/, { PALATE_DATA: 'nowhere' });
});

test('--debug shows the stack', async () => {
  const run = await palate(['info', 'none.palate', '--debug'], { cwd: at.root });
  assert.is(run.code, 1);
  assert.match(run.stderr, /\n {4}at /);
});

test.run();
