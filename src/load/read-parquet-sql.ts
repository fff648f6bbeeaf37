/** DuckDB's `read_parquet(…)`; `rowNumbers` adds the column `file_row_number`, from 0. */
export function readParquetSql([fileLiteral]: readonly string[], rowNumbers = false): string {
  return `read_parquet(${fileLiteral}, hive_partitioning = false, file_row_number = ${rowNumbers})`;
}
