import { type Command, Option } from 'commander';
import { type HistoryEntry, type Id, loadModel, type Model, type RankedRow, type RecommendOptions } from '../index.js';
import { expectListFormat, writeAllUsers } from './all-users.js';
import { history, integer } from './arguments.js';
import { type ExplainedRow, explainedTable, explainItems } from './explained.js';
import { checkWritable } from './files.js';
import { readIdList } from './id-list.js';
import { count, counted, heading } from './output.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';
import { itemTable } from './text.js';

interface Flags {
  user?: string[];
  allUsers?: boolean;
  out?: string;
  history?: HistoryEntry[];
  titles?: string[];
  k: number;
  includeSeen?: boolean;
  candidates?: string;
  explain?: boolean;
}

/** palate recommend */
export function addRecommend(program: Command): void {
  const command = program
    .command('recommend')
    .description('recommend items to known users, or to someone given by a history or by titles')
    .argument('<model>', 'model file')
    .option('--user <id...>', 'known users')
    .option('--history <list>', 'what someone rated: ITEM[:RATING],…', history('--history'))
    .option('--titles <list>', 'titles that someone likes, separated by ;', titles)
    .option('--all-users', 'all users of the model, into the file --out')
    .option('--out <file>', 'with --all-users: .csv, .jsonl or .arrow')
    .addOption(new Option('--k <n>', 'length of a list').default(10).argParser(integer('--k', { min: 1 })))
    .option('--include-seen', 'list items of the training history, too')
    .option('--candidates <file>', 'recommend only the items of this file, one id a line')
    .option('--explain', 'with each item those of the history that carried it, and their shares');
  command.action((file: string, flags: Flags) => runCommand(command, (io) => recommend(file, flags, io)));
}

function titles(text: string): string[] {
  const parts = text.split(';').map((part) => part.trim());
  if (parts.includes('')) throw usageError(`Expected \`--titles\` to be titles separated by ;, received "${text}"`);
  return parts;
}

async function recommend(file: string, flags: Flags, io: Io): Promise<Reply> {
  const ways = [flags.user, flags.history, flags.titles, flags.allUsers].filter((way) => way !== undefined);
  if (ways.length !== 1) throw usageError('Give one of --user, --history, --titles and --all-users');
  if (flags.allUsers && flags.out === undefined) throw usageError('--all-users needs --out FILE');
  if (flags.allUsers && flags.explain) throw usageError('--explain goes with single users, not with --all-users');
  if (!flags.allUsers && flags.out !== undefined) throw usageError('--out goes with --all-users');
  if (flags.out !== undefined) {
    expectListFormat(flags.out);
    await checkWritable(flags.out, '--out', [file, flags.candidates]);
  }
  const model = await loadModel(file);
  const options: RecommendOptions = { k: flags.k, excludeSeen: !flags.includeSeen };
  if (flags.candidates !== undefined) options.candidateItems = await readIdList(flags.candidates);
  if (flags.out !== undefined) return writeAllUsers(model, flags.out, options, io);
  if (flags.user !== undefined) return forUsers(model, flags.user, options, flags.explain === true);
  const given = { history: flags.history, titles: flags.titles };
  const items = model.recommend({ ...options, ...given }).rows();
  if (!flags.explain) return { json: { user: null, items }, text: itemTable(items) };
  const explained = explainItems(model, items, given);
  return { json: { user: null, items: explained }, text: explainedTable(explained) };
}

function forUsers(model: Model, wanted: readonly string[], options: RecommendOptions, explain: boolean): Reply {
  const users: Id[] = wanted.map((id) => model.users.id(model.users.expectIndex(id, 'user')));
  const found = model.recommend({ ...options, users });
  const results = users.map((user) => {
    const items = found.rows(user);
    return { user, items: explain ? explainItems(model, items, { user }) : items };
  });
  const [only] = results;
  if (only !== undefined && results.length === 1) return { json: only, text: listText(model, only) };
  return { json: { results }, text: results.map((result) => listText(model, result)).join('\n') };
}

function listText(model: Model, { user, items }: { user: Id; items: readonly (RankedRow | ExplainedRow)[] }): string {
  const seen = model.seen.itemsOf(model.users.expectIndex(user, 'user')).length;
  const head = heading(`User ${user}: ${count(items.length)} of ${counted(model.items.size, 'item')}`);
  return `${head}, ${count(seen)} seen in training\n${explainedTable(items)}`;
}
