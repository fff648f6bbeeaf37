import { DataError } from '../errors.js';
import { nearest, rangeError } from '../options.js';
import type { TableKind } from './movielens.js';
import type { ColumnRef } from './options.js';

/** Usual names of a role, in lower case without spaces and punctuation; a name of an earlier group wins. */
type NameGroups = readonly (readonly string[])[];

/** What `assignRoles` looks for in one kind of table. */
interface RoleNames {
  names: Readonly<Record<string, NameGroups>>;
  required: readonly string[];
}

const words = (text: string): string[] => text.split(' ');
const withId = (text: string): string[] =>
  words(text).flatMap((word) => [word, `${word}id`, `${word}no`, `${word}idx`]);

const USER_NAMES = [...withId('user'), 'uid'];
const OTHER_USERS = withId('customer reviewer member account visitor person profile client subscriber session');
const ITEM_NAMES = [...withId('item movie'), 'iid', 'mid'];
const OTHER_ITEMS: NameGroups = [
  [
    ...withId('product book track song artist business article game film show anime recipe video restaurant'),
    ...words('asin isbn sku'),
  ],
  ['parentasin'],
];

/** The usual column names. */
export const ROLE_NAMES: Readonly<Record<TableKind, RoleNames>> = {
  ratings: {
    names: {
      user: [USER_NAMES, OTHER_USERS],
      item: [ITEM_NAMES, ...OTHER_ITEMS],
      rating: [words('rating ratings'), words('score stars star overall value preference grade')],
      time: [
        words('timestamp time unixtime unixreviewtime ts datetime'),
        words('date ratedat createdat reviewtime reviewdate'),
      ],
    },
    required: ['user', 'item'],
  },
  items: {
    names: {
      item: [ITEM_NAMES, ['id'], ...OTHER_ITEMS],
      title: [
        words('title name'),
        words('movietitle itemtitle producttitle booktitle moviename itemname productname songname trackname'),
      ],
      genres: [words('genres genre'), words('categories category')],
      year: [words('year releaseyear yearofpublication publicationyear'), words('releasedate')],
    },
    required: ['item'],
  },
  users: {
    names: {
      user: [USER_NAMES, ['id'], OTHER_USERS],
      age: [['age']],
      sex: [words('sex gender')],
      occupation: [words('occupation job profession')],
      zip: [words('zip zipcode postcode postalcode')],
    },
    required: ['user'],
  },
};

const READERS: Readonly<Record<TableKind, string>> = { ratings: 'readRatings', items: 'readItems', users: 'readUsers' };

export interface AssignInput {
  kind: TableKind;
  /** What the user calls the file. */
  label: string;
  /** Header names; undefined in a file without a header. */
  names: readonly string[] | undefined;
  columnCount: number;
  /** Whether every sampled field of a column is a number; used without a header only. */
  numeric?: readonly boolean[];
  /** Positions that the file's layout fixes. */
  layout?: Readonly<Record<string, number>> | undefined;
  /** The user's choice; `false` leaves an optional role out. */
  chosen?: Readonly<Record<string, ColumnRef | false | undefined>> | undefined;
}

/**
 * Decides which column (0-based) plays which role: the user's choice first, then the layout's, then the usual names,
 * and without a header the order user, item, rating, time when the file has 2-4 columns of numbers.
 *
 * @throws DataError naming the file, its columns and the option to set when a role is missing or could be several
 *   columns
 */
export function assignRoles(input: AssignInput): Record<string, number | undefined> {
  const { kind, layout, chosen = {} } = input;
  const { names: roleNames, required } = ROLE_NAMES[kind];
  const roles: Record<string, number | undefined> = {};
  const taken = new Map<number, string>();
  const take = (role: string, column: number): void => {
    roles[role] = column;
    taken.set(column, role);
  };
  for (const [role, ref] of Object.entries(chosen)) {
    if (ref === undefined || ref === false) continue;
    const column = findColumn(input, role, ref);
    const other = taken.get(column);
    if (other !== undefined) throw rangeError(`columns.${role}`, `another column than \`columns.${other}\``, ref);
    take(role, column);
  }
  const open = Object.keys(roleNames).filter((role) => !(role in roles) && chosen[role] !== false);
  const byNumbers = input.numeric?.every(Boolean) === true && kind === 'ratings' && input.columnCount <= 4;
  for (const [position, role] of Object.keys(roleNames).entries()) {
    if (!open.includes(role)) continue;
    if (layout !== undefined) {
      const column = layout[role];
      if (column !== undefined && column < input.columnCount && !taken.has(column)) take(role, column);
    } else if (input.names !== undefined) {
      const column = guess(input, role, roleNames[role] ?? [], taken);
      if (column !== undefined) take(role, column);
    } else if (byNumbers && position < input.columnCount && !taken.has(position)) {
      take(role, position);
    }
  }
  const missing = required.filter((role) => roles[role] === undefined);
  if (missing.length > 0) throw cannotTell(input, `no column looks like the ${missing.join(' or the ')}`, missing);
  return roles;
}

function guess(
  input: AssignInput,
  role: string,
  groups: NameGroups,
  taken: ReadonlyMap<number, string>,
): number | undefined {
  const normal = (input.names ?? []).map((name) => normalize(name));
  for (const group of groups) {
    const matches = normal.flatMap((name, column) => (group.includes(name) && !taken.has(column) ? [column] : []));
    if (matches.length > 1) {
      const which = matches.map((column) => JSON.stringify(input.names?.[column])).join(' and ');
      throw cannotTell(input, `${which} could each be the ${role}`, [role]);
    }
    if (matches[0] !== undefined) return matches[0];
  }
  return undefined;
}

function findColumn(input: AssignInput, role: string, ref: ColumnRef): number {
  const { names, columnCount } = input;
  if (typeof ref === 'number') {
    if (ref < columnCount) return ref;
    throw missingColumn(input, role, ref, `it has ${columnCount} columns, so positions 0 to ${columnCount - 1}`);
  }
  // A shell can pass text only.
  if (/^\d+$/.test(ref) && names?.includes(ref) !== true) return findColumn(input, role, Number(ref));
  if (names === undefined) {
    throw missingColumn(input, role, ref, 'the file has no header, so give a 0-based position (or set `header: true`)');
  }
  const exact = names.flatMap((name, column) => (name === ref ? [column] : []));
  const loose = names.flatMap((name, column) => (normalize(name) === normalize(ref) ? [column] : []));
  const found = exact.length > 0 ? exact : loose;
  if (found.length > 1)
    throw missingColumn(input, role, ref, 'several columns have that name, so give a 0-based position');
  if (found[0] !== undefined) return found[0];
  const near = nearest(ref, names);
  throw missingColumn(
    input,
    role,
    ref,
    `${near === undefined ? '' : `did you mean ${JSON.stringify(near)}? `}Columns: ${list(input)}`,
  );
}

function missingColumn(input: AssignInput, role: string, ref: ColumnRef, hint: string): DataError {
  return new DataError(`${input.label}: no column ${JSON.stringify(ref)} for the ${role}; ${hint}`, {
    file: input.label,
    column: String(ref),
  });
}

function cannotTell(input: AssignInput, problem: string, roles: readonly string[]): DataError {
  const [code, flags] = [roles.map((role) => `${role}: …`).join(', '), roles.map((role) => `${role}=`).join(',')];
  return new DataError(
    `${input.label}: ${problem}. Columns: ${list(input)}. Say which with the option \`columns: { ${code} }\` of ${READERS[input.kind]} (\`--columns ${flags}\`)`,
    { file: input.label },
  );
}

function list({ names, columnCount }: AssignInput): string {
  if (names === undefined) return `${columnCount} without a header (positions 0 to ${columnCount - 1})`;
  const shown = names
    .slice(0, 20)
    .map((name) => JSON.stringify(name))
    .join(', ');
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}

const normalize = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
