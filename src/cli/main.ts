#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Command, CommanderError, Option } from 'commander';
import { native } from '../native/load.js';
import { oneOf } from './arguments.js';
import { addDoctor } from './doctor.js';
import { addDownload } from './download.js';
import { addEvaluate } from './evaluate.js';
import { addInfo } from './info.js';
import { lineWidth } from './output.js';
import { addRecommend } from './recommend.js';
import { EXIT, reportError } from './run.js';
import { addSimilar } from './similar.js';
import { addTour } from './tour.js';
import { addTrain } from './train.js';
import { addTune } from './tune.js';
import { addUpdate } from './update.js';

interface GlobalOptions {
  json?: boolean;
  debug?: boolean;
  simd?: 'auto' | 'base' | 'avx2' | 'avx512' | 'neon';
}

/** The version in package.json, which lies two steps up from src/cli and from dist/cli. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function createProgram(): Command {
  const version = packageVersion();
  const program = new Command('palate')
    .description('Trains and serves recommenders from a ratings file.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--json', 'print exactly one JSON object on stdout')
    .option('--debug', 'show the stack of an error')
    .addOption(
      new Option('--simd <level>', 'force an instruction set level: base, avx2, avx512, neon or auto').argParser(
        oneOf('--simd', ['auto', 'base', 'avx2', 'avx512', 'neon']),
      ),
    )
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: lineWidth(),
      minWidthToWrap: 20,
      subcommandTerm: (command) => command.name(),
    })
    // An error is one line; the hint at a near flag stands in it.
    .configureOutput({
      outputError: (text, write) =>
        write(
          `palate: ${text
            .replace(/^error: /, '')
            .trim()
            .replace(/\s*\n\s*/g, ' ')}\n`,
        ),
    })
    .exitOverride()
    .hook('preAction', (command) => {
      const { simd } = command.opts<GlobalOptions>();
      if (simd !== undefined) native().setSimdLevel(simd);
    });
  for (const add of [
    addTour,
    addTrain,
    addUpdate,
    addTune,
    addRecommend,
    addSimilar,
    addEvaluate,
    addInfo,
    addDownload,
  ])
    add(program);
  addDoctor(program, version);
  return program;
}

/** A reader that went away, like `head`, ends the program quietly. */
function onStreamError(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
  process.exit(reportError(error, false));
}

process.stdout.on('error', onStreamError);
process.stderr.on('error', onStreamError);

const program = createProgram();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has printed what it had to say: help and version are no errors.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.exitCode = reportError(error, process.argv.includes('--debug'), program);
  }
}
