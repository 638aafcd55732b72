/** One measured number, beside a peer's where one can run. */
export interface Row {
  /** `bench.what.unitOrQualifier`; stable, so that runs can be compared. */
  readonly name: string;
  readonly unit: string;
  /** Median over the runs. */
  readonly value: number;
  /** CPU-seconds (user and system) that the system under test used while `value` was measured; median over the runs. */
  readonly cpuSeconds: number;
  /** The peer with its version; null where none ran. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** How many times better than the peer, 1 meaning equal: the median of the ratios of the pairs of runs. */
  readonly ratio: number | null;
}

/** One run of one measurement. */
export interface Sample {
  readonly value: number;
  readonly cpuSeconds: number;
}

/** Makes a row of interleaved runs: `ours[i]` and `peers[i]` ran one after the other. */
export function toRow(
  name: string,
  options: {
    unit: string;
    /** Whether a higher or a lower value is the better one. */
    better: 'higher' | 'lower';
    ours: readonly Sample[];
    peer?: { name: string; samples: readonly Sample[] };
  },
): Row {
  const { unit, better, ours, peer } = options;
  const value = median(ours.map((sample) => sample.value));
  const cpuSeconds = median(ours.map((sample) => sample.cpuSeconds));
  if (peer === undefined) return { name, unit, value, cpuSeconds, peer: null, peerValue: null, ratio: null };
  const ratios = ours.map((sample, index) => {
    const peerValue = peer.samples[index]?.value ?? Number.NaN;
    return better === 'higher' ? sample.value / peerValue : peerValue / sample.value;
  });
  const peerValue = median(peer.samples.map((sample) => sample.value));
  return { name, unit, value, cpuSeconds, peer: peer.name, peerValue, ratio: median(ratios) };
}

/** The middle value; the mean of the two in the middle where there is an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** Rows as an aligned table for people. */
export function formatTable(rows: readonly Row[]): string {
  const header = ['name', 'value', 'unit', 'cpu s', 'peer', 'peer value', 'ratio'];
  const lines = rows.map((row) => [
    row.name,
    formatNumber(row.value),
    row.unit,
    formatNumber(row.cpuSeconds),
    row.peer ?? '-',
    row.peerValue === null ? '-' : formatNumber(row.peerValue),
    row.ratio === null ? '-' : `${row.ratio.toFixed(2)}x`,
  ]);
  const table = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatNumber(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
