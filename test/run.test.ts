import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const runner = path.join(path.dirname(fileURLToPath(import.meta.url)), 'run.mjs');

/** Runs fixtures/runner/NAME.broken.ts in a runner of its own. */
function run(names: string[], { ci = false, args = [] as string[] } = {}) {
  const filters = names.map((name) => `runner/${name}.broken`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [runner, '--match', '\\.broken\\.ts$', ...args, ...filters],
    { encoding: 'utf8', env: { ...process.env, CI: ci ? 'true' : '' } },
  );
  return { status, last: stdout.trimEnd().split('\n').at(-1), output: stdout + stderr };
}

const cases: { name: string; last: string; says: RegExp; args?: string[] }[] = [
  { name: 'assertion', last: '1 passed, 1 failed', says: /Expected values to be strictly equal/ },
  { name: 'before-throws', last: '0 passed, 2 failed', says: /2 of 2 did not finish: a hook threw/ },
  { name: 'after-throws', last: '0 passed, 1 failed', says: /outside a test\n.*in after/ },
  { name: 'after-each-throws', last: '0 passed, 2 failed', says: /2 of 2 did not finish: a hook threw/ },
  { name: 'throws-string', last: '1 passed, 1 failed', says: /1 of 2 did not finish/ },
  { name: 'never-settles', last: '0 passed, 1 failed', says: /ended with code \d+ before all its tests had run/ },
  { name: 'exits-zero', last: '0 passed, 1 failed', says: /ended with code 0 before all its tests had run/ },
  { name: 'crashes', last: '0 passed, 1 failed', says: /killed by SIGSEGV before all its tests had run/ },
  { name: 'import-fails', last: '0 passed, 1 failed', says: /outside a test\n.*while importing/ },
  { name: 'run-missing', last: '0 passed, 1 failed', says: /is `test\.run\(\)` missing\?/ },
  { name: 'no-such-file', last: '0 passed, 1 failed', says: /no test file matches/ },
  { name: 'hangs', last: '0 passed, 1 failed', says: /stopped at the limit of 1 s/, args: ['--file-limit', '1'] },
  { name: 'hangs', last: '0 passed, 1 failed', says: /stopped at the run limit of 3 s/, args: ['--run-limit', '3'] },
];

for (const { name, last, says, args } of cases) {
  test(`${[name, ...(args ?? [])].join(' ')}: fails`, () => {
    const result = run([name], { args });
    assert.is(result.status, 1, result.output);
    assert.is(result.last, last, result.output);
    assert.match(result.output, says);
  });
}

test('a healthy file passes, skips are counted', () => {
  const { status, last } = run(['healthy']);
  assert.is(status, 0);
  assert.is(last, '2 passed, 0 failed, 1 skipped');
});

test('an open timer does not hold up the run', () => {
  const { status, last } = run(['leaks-timer']);
  assert.is(status, 0);
  assert.is(last, '1 passed, 0 failed');
});

test('the files behind a broken one still run', () => {
  const { status, last } = run(['crashes', 'exits-zero', 'import-fails', 'healthy']);
  assert.is(status, 1);
  assert.is(last, '2 passed, 3 failed, 1 skipped');
});

test('.only fails in CI and warns elsewhere', () => {
  const desk = run(['only-left']);
  assert.is(desk.status, 0);
  assert.match(desk.output, /warning: fixtures\/runner\/only-left\.broken\.ts:4: \.only/);
  const ci = run(['only-left'], { ci: true });
  assert.is(ci.status, 1);
  assert.is(ci.last, '1 passed, 1 failed, 1 skipped');
});

test.run();
