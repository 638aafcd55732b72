/** Ranges of a job's indexes as text: `1,3-5,7`. Source: the Job API reference. */

/** How many indexes there are, or why the text cannot be read. */
export type RangesReading = { readonly count: number } | { readonly fault: string };

/** Reads ranges of indexes below `completions`, in rising order. An empty text has none. */
export function readIndexRanges(text: string, completions: number): RangesReading {
  let count = 0;
  let previous: number | undefined;
  for (const part of text === '' ? [] : text.split(',')) {
    const range = readRange(part, completions);
    if ('fault' in range) return range;
    if (previous !== undefined && previous >= range.first) return { fault: notRising(previous, range.first) };
    count += range.last - range.first + 1;
    previous = range.last;
  }
  return { count };
}

/** The first index that is in both texts; undefined where there is none. What cannot be read has no indexes. */
export function sharedIndex(a: string, b: string, completions: number): number | undefined {
  const others = rangesOf(b, completions);
  for (const range of rangesOf(a, completions)) {
    const other = others.find(({ first, last }) => range.first <= last && first <= range.last);
    if (other !== undefined) return Math.max(range.first, other.first);
  }
  return undefined;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function rangesOf(text: string, completions: number): Range[] {
  return text.split(',').flatMap((part) => {
    const range = readRange(part, completions);
    return 'fault' in range ? [] : [range];
  });
}

function readRange(part: string, completions: number): Range | { readonly fault: string } {
  const limits = part.split('-');
  if (limits.length > 2) {
    return {
      fault: `the fragment "${part}" violates the requirement that an index interval can have at most two parts separated by '-'`,
    };
  }
  for (const limit of limits) {
    if (!/^[+-]?\d+$/.test(limit)) return { fault: `cannot convert string to integer for index: "${limit}"` };
    if (Number(limit) >= completions) return { fault: `too large index: "${limit}"` };
  }
  const [first = 0, last = first] = limits.map(Number);
  return limits.length > 1 && first >= last ? { fault: notRising(first, last) } : { first, last };
}

function notRising(previous: number, current: number): string {
  return `non-increasing order, previous: ${previous}, current: ${current}`;
}
