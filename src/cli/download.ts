import type { Command } from 'commander';
import { downloadMovieLens, type MovieLensName } from '../index.js';
import { readProgress } from './progress.js';
import { type Io, type Reply, runCommand } from './run.js';

/** palate download */
export function addDownload(program: Command): void {
  const command = program
    .command('download')
    .description('download a MovieLens data set into the cache and check it')
    .argument('<name>', 'e.g. ml-latest-small');
  command.action((name: string) => runCommand(command, (io) => download(name, io)));
}

async function download(name: string, io: Io): Promise<Reply> {
  const progress = readProgress(name);
  try {
    // The library checks the name.
    const path = await downloadMovieLens(name as MovieLensName, { signal: io.signal, onProgress: progress.update });
    return { json: { name, path }, text: `${path}\n` };
  } finally {
    progress.stop();
  }
}
