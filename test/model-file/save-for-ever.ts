// Child of save-failures.test.ts: saves the model of argv[2] again until it is told to exit, or killed.
import { type FileHandle, open } from 'node:fs/promises';
import { readModelFile, saveModelFile } from '../../src/model-file.js';

const [, , file = ''] = process.argv;
const probe = await open(file, 'r');
const handles = Object.getPrototypeOf(probe) as FileHandle;
await probe.close();

// Never gets to the end: the last step before the rename takes for ever.
handles.sync = () => new Promise(() => {});
process.on('message', () => process.exit(0));
const saving = saveModelFile(await readModelFile(file), file);
setTimeout(() => process.send?.('saving'), 200);
await saving;
