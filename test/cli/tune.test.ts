import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { valueFlags } from '../../src/cli/tune-text.js';
import { loadModel, type Trial } from '../../src/index.js';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

interface Tuned {
  model: string;
  metric: string;
  trials: Trial[];
  best: Trial;
  test?: { metrics: Record<string, number> };
  out?: string;
}

const test = suite('tune');
let at: Workplace;
const run = (...args: string[]) => palate(['tune', ...args], { cwd: at.root });

test.before(() => {
  at = new Workplace();
  writeFileSync(
    at.file('space.json'),
    '{"optimizer": ["sgd", "adam"], "learningRate": [0.01, 1e9], "batchSize": [64]}',
  );
  writeFileSync(at.file('broken.json'), '{"dim": [8,');
  writeFileSync(at.file('wrong.json'), '{"dims": [8]}');
});
test.after(() => at.remove());

const small = ['--model', 'mf', '--dim', '8', '--epochs', '3'];

test('--trials draws from the space that the model proposes, and writes the best model', async () => {
  const args = [
    at.data,
    ...small,
    '--trials',
    '3',
    '--test',
    '0.2',
    '--metric',
    'ndcg@5',
    '--out',
    'best.palate',
    '--json',
  ];
  const result = onlyJson<Tuned>(await run(...args, '--threads', '1'));
  assert.equal([result.model, result.metric, result.trials.length, result.out], ['mf', 'ndcg@5', 3, 'best.palate']);
  for (const { options, metrics, seconds, status, epochs } of result.trials) {
    assert.equal([options.model, options.dim, options.epochs, status, epochs.length], ['mf', 8, 3, 'ok', 3]);
    assert.ok(metrics['ndcg@5'] > 0 && seconds > 0);
  }
  assert.is(result.best.metrics['ndcg@5'], Math.max(...result.trials.map(({ metrics }) => metrics['ndcg@5'])));
  assert.ok(['ndcg@5', 'rmse'].every((name) => name in (result.test?.metrics ?? {})));
  const model = await loadModel(at.file('best.palate'));
  assert.is(model.options.learningRate, result.best.options.learningRate);

  const again = onlyJson<Tuned>(await run(...args, '--threads', '2', '--parallel', '2'));
  const plain = ({ trials }: Tuned): object => trials.map(({ metrics, values }) => ({ metrics, values }));
  assert.equal(plain(again), plain(result));
});

test('--space: a diverged trial is reported and the search goes on; people get a table and the flags of the best', async () => {
  const args = [at.data, '--space', 'space.json', '--strategy', 'grid', ...small, '--journal', 'j.jsonl'];
  const { code, stdout, stderr } = await run(...args, '--weight-decay', 'coupled');
  assert.is(code, 0, stderr);
  assert.match(stdout, /^mf by loss: 4 trials: \d ok, \d diverged, in \d/);
  assert.match(
    stdout,
    /\ntrial +status +optimizer +rate +batch size +loss +trained +time\n +\d+ +ok +(sgd|adam) +0\.01 /,
  );
  assert.match(stdout, /\n +\d+ +diverged +(sgd|adam) +1000000000 +64 +- /);
  assert.match(stdout, /\nBest: --optimizer (sgd|adam) --learning-rate 0\.01 --batch-size 64\n$/);
  for (const line of stdout.split('\n')) assert.ok([...line].length <= 80, line);
  assert.match(stderr, /tuning mf: 4\/4 done, trial 4 \w+ in /);
  assert.is(readFileSync(at.file('j.jsonl'), 'utf8').split('\n').length, 6);
});

test('Ctrl-C leaves the journal, and the same command goes on from it', async () => {
  const args = [at.data, '--model', 'mf', '--trials', '40', '--epochs', '25', '--journal', 'stop.jsonl', '--json'];
  let sent = false;
  const stopped = await palate(['tune', ...args, '--out', 'm.palate'], {
    cwd: at.root,
    onStderr: (child, stderr) => {
      if (sent || !stderr.includes('3/40 done')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  assert.equal([stopped.code, stopped.stdout], [130, '']);
  assert.match(
    stopped.stderr,
    /palate: Interrupted; stop\.jsonl keeps the trials that had ended; the same command goes on from there\n$/,
  );
  assert.not(existsSync(at.file('m.palate')));
  const lines = readFileSync(at.file('stop.jsonl'), 'utf8').split('\n').length - 2;
  assert.ok(lines >= 3 && lines < 40);
  const again = await run(...args);
  assert.is(onlyJson<Tuned>(again).trials.length, 40);
  assert.match(again.stderr, `${lines + 1}/40 done`);
});

test('a search in which no trial ends well fails, and writes no model', async () => {
  const args = [at.data, ...small, '--space', 'lost.json', '--strategy', 'grid', '--optimizer', 'sgd', '--json'];
  writeFileSync(at.file('lost.json'), '{"learningRate": [1e9, 1e10]}');
  const { code, stdout, stderr } = await run(...args, '--batch-size', '64', '--out', 'lost.palate');
  assert.is(code, 1);
  assert.equal(
    (JSON.parse(stdout) as Tuned).trials.map(({ status }) => status),
    ['diverged', 'diverged'],
  );
  assert.match(stderr, /palate: No trial trained to its end: Training diverged in epoch 1 at learning rate 1000000000/);
  assert.not(existsSync(at.file('lost.palate')));
});

test('what is wrong is said in one line, with the exit code of its kind', async () => {
  const cases: [string[], number, RegExp][] = [
    [[at.data, '--trials', '3'], 2, /tune needs --model NAME/],
    [[at.data, '--model', 'mf'], 2, /tune needs --space FILE, what to vary, or --trials N/],
    [[at.data, '--model', 'mf', '--trials', '3', '--stratgy', 'grid'], 2, /'--stratgy' \(Did you mean --strategy\?\)/],
    [[at.data, '--model', 'mf', '--trials', '3', '--strategy', 'grd'], 2, /`--strategy` .* did you mean 'grid'\?/],
    [
      [at.data, '--model', 'mf', '--trials', '3', '--strategy', 'grid'],
      2,
      /`--trials` to be left out with strategy 'grid'/,
    ],
    [[at.data, '--model', 'mf', '--trials', '3', '--metric', 'rsme'], 2, /`--metric` .* did you mean 'rmse'\?/],
    [[at.data, '--model', 'mf', '--trials', '3', '--valid', '1'], 2, /`--valid` to be a number > 0 and < 1/],
    [[at.data, '--model', 'popularity', '--trials', '3'], 2, /`--space` .* 'popularity' proposes none/],
    [[at.data, '--model', 'mf', '--space', 'wrong.json'], 2, /Unknown option `dims` .* did you mean `--dim`\?/],
    [[at.data, '--model', 'mf', '--space', 'broken.json'], 1, /--space broken\.json is not JSON/],
    [[at.data, '--model', 'mf', '--space', 'none.json'], 1, /--space none\.json: no such file/],
    [['none.csv', '--model', 'mf', '--trials', '3'], 1, /none\.csv: no such file/],
    [
      [at.data, '--model', 'mf', '--trials', '3', '--journal', 'no/j'],
      1,
      /--journal no\/j: the folder .* does not exist/,
    ],
    [
      [at.data, '--model', 'mf', '--trials', '3', '--journal', 'space.json'],
      1,
      /space\.json is not the journal of a search/,
    ],
  ];
  for (let i = 0; i < cases.length; i += 2) {
    await Promise.all(
      cases.slice(i, i + 2).map(async ([args, code, line]) => {
        const done = await run(...args);
        assert.equal([done.code, done.stdout], [code, ''], `${args.join(' ')}: ${done.stderr}`);
        assert.match(done.stderr, /^(\S+: read .*\n)*palate: [^\n]+\n$/);
        assert.match(done.stderr, line);
      }),
    );
  }
});

test('values read as flags of train, where they have such a form', () => {
  assert.is(
    valueFlags({ 'regularization.user': 1, dim: 8, 'regularization.item': 0.5, batchSize: 'full' }),
    '--regularization user=1,item=0.5 --dim 8 --batch-size full',
  );
  assert.is(valueFlags({ dim: 8, schedule: { type: 'cosine' } }), undefined);
  assert.is(valueFlags({ biases: false }), undefined);
});

test.run();
