import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { palate, Workplace } from './spawn-cli.js';

const test = suite('signals');
let at: Workplace;

test.before(() => {
  at = new Workplace();
});
test.after(() => at.remove());

for (const [signal, code, line] of [
  ['SIGINT', 130, /palate: Interrupted; nothing was written\n$/],
  ['SIGTERM', 143, /palate: Terminated; nothing was written\n$/],
] as const) {
  test(`${signal} in training ends it with one line and leaves no file`, async () => {
    const before = at.list();
    let sent = false;
    const args = ['train', at.data, '--model', 'mf', '--epochs', '1000000', '--out', 'm.palate', '--json'];
    const run = await palate(args, {
      cwd: at.root,
      onStderr: (child, stderr) => {
        if (sent || !stderr.includes('epoch 1/')) return;
        sent = true;
        child.kill(signal);
      },
    });
    assert.equal([run.code, run.signal, run.stdout], [code, null, '']);
    assert.match(run.stderr, line);
    assert.equal(at.list(), before);
  });
}

test('SIGINT in the tour leaves no report', async () => {
  const before = at.list();
  let sent = false;
  const run = await palate(['tour', '--data', 'ml', '--recipe', 'matrix-factorization', '--out', 'report'], {
    cwd: at.root,
    onStderr: (child) => {
      if (!sent) child.kill('SIGINT');
      sent = true;
    },
  });
  assert.is(run.code, 130);
  assert.match(run.stderr, /palate: Interrupted; nothing was written\n$/);
  assert.equal(at.list(), before);
});

test.run();
