/** A chart, drawn. */
export interface Chart {
  /** Lower-case words with hyphens: the name of its file. */
  name: string;
  title: string;
  /** What it shows, in one or two sentences, for those who do not see it. */
  description: string;
  /** What a reader should know beside the chart. */
  caption?: string;
  /** Vega-Lite 6 specification, data included. */
  spec: object;
  /** A whole SVG file with title and description. It needs no network and follows the reader's light or dark theme. */
  svg: string;
}

/** Records under a title. Heads are the keys in words, `itemId` as "item id". */
export interface ReportTable {
  /** Lower-case words with hyphens: the name of its CSV file. */
  name: string;
  title: string;
  caption?: string;
  rows: readonly object[];
  /** Too long to read: written as CSV, and not on the page. Default false. */
  csvOnly?: boolean;
}

/** Charts and tables that belong together. */
export interface ReportPart {
  title?: string;
  about?: string;
  charts?: readonly Chart[];
  tables?: readonly ReportTable[];
}

/** What stands under one heading of a report. */
export interface ReportChapter {
  /** Lower-case words with hyphens, another for each chapter: its anchor, and how its files' names begin. */
  name: string;
  title: string;
  about?: string;
  /** The figures to read first. */
  figures?: readonly { label: string; value: string }[];
  parts: readonly ReportPart[];
}

export interface Report {
  title: string;
  about?: string;
  /** What nobody may overlook, such as that the data are simulated. */
  notice?: string;
  chapters: readonly ReportChapter[];
}
