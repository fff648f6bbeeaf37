import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newProgress } from '../../bench/progress.js';

function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let written = '';
  const stream = { isTTY, columns: 40, write: (text: string) => (written += text) };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written };
}

test('a plain line a run, with the share of all runs', () => {
  const { stream, text } = fakeStream(false);
  const progress = newProgress(4, stream);
  progress.begin('one');
  progress.end('one: 1 s');
  progress.note('two skipped: not installed', 2);
  progress.begin('three');
  progress.end('three: 2 s');
  progress.stop();
  assert.is(text(), '[ 25%] one: 1 s\n[ 75%] two skipped: not installed\n[100%] three: 2 s\n');
});

test('a terminal also shows the run under way, on one line that goes again', () => {
  const { stream, text } = fakeStream(true);
  const progress = newProgress(2, stream);
  progress.begin('a name much longer than the forty columns of this terminal');
  const [erase, shown] = [text().slice(0, 5), text().slice(5)];
  assert.is(erase, '\r\u001b[2K');
  assert.is(shown.length, 39);
  assert.match(shown, /^\[ {2}0%\] a name/);
  progress.end('a: 1 s');
  assert.ok(text().endsWith('\r\u001b[2K[ 50%] a: 1 s\n'));
  progress.begin('b');
  progress.stop();
  assert.ok(text().endsWith('b …\r\u001b[2K'));
});

test.run();
