// npm run prebuildify [-- FOLDER]: compiles FOLDER/prebuilds/<platform>-<arch>/palate.node (FOLDER: the project).
// It works in build-prebuild/, on the files that npm would publish, for two reasons: prebuildify *moves* the addon out
// of build/Release, where tests want it; and a native file that `files` forgets then fails here, not at a user's.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFiles, packedFiles } from './packed-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = path.resolve(process.argv[2] ?? root);
const stage = path.join(root, 'build-prebuild');
// Named, as prebuildify's own default is the newest Node it knows, whose headers it would download.
const oldestNode = '20.19.0';

rmSync(stage, { recursive: true, force: true });
rmSync(path.join(out, 'prebuilds'), { recursive: true, force: true });
copyFiles(root, stage, packedFiles(root));
const args = ['--napi', '--strip', '--target', oldestNode, '--cwd', stage, '--out', out, '--name', 'palate'];
const { status } = spawnSync('prebuildify', args, { stdio: 'inherit', shell: process.platform === 'win32' });
if (status === 0) rmSync(stage, { recursive: true });
process.exitCode = status ?? 1;
