import type { ModelData, Parameters } from '../types.js';
import type { Content } from './arrow-stream.js';
import type { Json } from './expect-json.js';
import type { Column, Sizes } from './layout.js';

/** What a header says of parameters, checked. */
export interface ParameterHeader {
  /** The keys that the header's JSON has for it, besides `kind`. */
  json: Json;
  /** In the order of the file. */
  columns(sizes: Sizes): Column[];
  /** The parameters, from the columns that were read. */
  assemble(column: <T extends Content>(name: string) => T): Parameters;
}

/** How a file holds a kind of parameters: numbers and words in the JSON header, arrays as columns. */
export interface ParameterFormat<P extends Parameters> {
  /** The JSON of parameters, to be checked by `parse`. */
  describe(parameters: P): Json;
  /** Takes the known keys of a decoded header; TypeError, RangeError in the words of options on wrong values. */
  parse(raw: Json): ParameterHeader;
  /** What each column is made of. Strings become Arrow vectors when they are asked for, not all at once. */
  contents(parameters: P): [name: string, content: () => Content][];
  /** Fault unless arrays are as long as they should be, numbers finite and indices in range. */
  check(data: ModelData<P>): Promise<void>;
}
