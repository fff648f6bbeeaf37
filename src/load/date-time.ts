const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)([T ](\d\d):(\d\d):(\d\d)(\.\d+)?(Z| UTC|[+-]\d\d(:?\d\d)?)?)?$/;

/** Whether a field is an ISO 8601 date (`1995-12-31`) or date-time, with or without a zone; without one it is UTC. */
export function isDateTime(text: string): boolean {
  const match = DATE_TIME.exec(text.trim());
  if (match === null) return false;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 5, 6, 7].map((group) => Number(match[group] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day));
  // Date.UTC carries 31 April over to 1 May: such a date is none.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
}
