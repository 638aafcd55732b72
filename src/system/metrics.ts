/** Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4). */

/** Values of labels, in the order in which the metric names them. */
export type LabelValues = readonly string[];

/** Series of one metric beyond which further ones are counted under the label values `other`. */
export const SERIES_MAX = 2000;

/** A number that only rises. */
export interface Counter {
  add(labels: LabelValues, count?: number): void;
}

/** A number that rises and falls. */
export interface Gauge {
  add(labels: LabelValues, difference: number): void;
}

/** How often values fell below each bound. */
export interface Histogram {
  observe(labels: LabelValues, value: number): void;
}

export interface MetricDefinition {
  /** `apiserver_request_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Metrics that are shown together. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  /** `bounds` rise; `+Inf` is added. */
  histogram(definition: MetricDefinition, bounds: readonly number[]): Histogram;
  /** All of them as text. */
  expose(): string;
}

/** The media type of {@link Metrics.expose}. */
export const EXPOSITION_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** No metrics yet. */
export function createMetrics(): Metrics {
  const writers: (() => string[])[] = [];
  const numbers = (definition: MetricDefinition, type: 'counter' | 'gauge'): Gauge => {
    const series = new Series(definition, () => ({ value: 0 }));
    writers.push(() => [
      ...headOf(definition, type),
      ...series.all().map(([labels, { value }]) => `${definition.name}${labels} ${value}`),
    ]);
    return {
      add: (labels, difference) => {
        series.of(labels).value += difference;
      },
    };
  };
  return {
    counter(definition) {
      const numbersOfIt = numbers(definition, 'counter');
      return { add: (labels, count = 1) => numbersOfIt.add(labels, count) };
    },
    gauge: (definition) => numbers(definition, 'gauge'),
    histogram(definition, bounds) {
      const series = new Series(definition, () => new Distribution(bounds));
      writers.push(() => [
        ...headOf(definition, 'histogram'),
        ...series.all().flatMap(([labels, distribution]) => distribution.lines(definition.name, labels)),
      ]);
      return { observe: (labels, value) => series.of(labels).observe(value) };
    },
    expose: () => writers.map((lines) => `${lines().join('\n')}\n`).join(''),
  };
}

function headOf({ name, help }: MetricDefinition, type: string): string[] {
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
  ];
}

/** What is kept for each combination of label values. */
class Series<T> {
  readonly #definition: MetricDefinition;
  readonly #make: () => T;
  /** By label values; with each its labels as they are shown. */
  readonly #byKey = new Map<string, { readonly labels: string; readonly state: T }>();

  constructor(definition: MetricDefinition, make: () => T) {
    this.#definition = definition;
    this.#make = make;
  }

  of(labels: LabelValues): T {
    const key = labels.join('\0');
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.state;
    const isFull = this.#byKey.size >= SERIES_MAX && labels.some((value) => value !== 'other');
    if (isFull) return this.of(labels.map(() => 'other'));
    const state = this.#make();
    const names = this.#definition.labels;
    this.#byKey.set(key, { labels: braced(names.map((name, index) => [name, labels[index] ?? ''])), state });
    return state;
  }

  all(): [labels: string, state: T][] {
    return [...this.#byKey.values()].map(({ labels, state }) => [labels, state]);
  }
}

function braced(pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return '';
  return `{${pairs.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #total = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
    this.#total += 1;
  }

  lines(name: string, labels: string): string[] {
    const head = `${name}_bucket${labels === '' ? '{' : `${labels.slice(0, -1)},`}le="`;
    let below = 0;
    const buckets = this.#bounds.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return `${head}${bound}"} ${below}`;
    });
    return [
      ...buckets,
      `${head}+Inf"} ${this.#total}`,
      `${name}_sum${labels} ${this.#sum}`,
      `${name}_count${labels} ${this.#total}`,
    ];
  }
}
