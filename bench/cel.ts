import { DYN } from '#api/cel/cel-type.ts';
import { type CelProgram, compileCel, EXPRESSION_COST_MAX, evaluateCel } from '#api/cel/compile.ts';
import { valueOfJson } from '#api/cel/json-value.ts';
import { STANDARD_LIBRARY } from '#api/cel/library.ts';
import type { Json } from '#api/object.ts';
import { ownCpuSeconds } from './process-cost.ts';
import { type Row, type Sample, toRow } from './row.ts';

const ENVIRONMENT = { variables: new Map([['object', DYN]]), library: STANDARD_LIBRARY };

/** Expressions as policies have them: a field, a loop over containers, a pattern. */
const EXPRESSIONS = {
  field: 'object.spec.replicas <= 5',
  loop: 'object.spec.containers.all(c, !has(c.securityContext) || c.securityContext.privileged == false)',
  pattern: "object.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
} as const;

const POD: Json = {
  metadata: { name: 'web-5d9c7', labels: { app: 'web' } },
  spec: {
    replicas: 3,
    containers: ['a', 'b', 'c'].map((name) => ({
      name,
      image: 'nginx:1',
      securityContext: { privileged: false },
    })),
  },
};

const EVALUATIONS = 50_000;
const RUNS = 5;

/** Evaluations of an expression, in one process, over a pod that is looked at anew each time; and the time at the limit. */
export function run(): Promise<Row[]> {
  const rows = Object.entries(EXPRESSIONS).map(([name, source]) => {
    const program = programOf(source);
    evaluate(program, EVALUATIONS);
    const ours = Array.from({ length: RUNS }, (): Sample => {
      const cpuSeconds = cpuOf(() => evaluate(program, EVALUATIONS));
      return { value: EVALUATIONS / cpuSeconds, cpuSeconds };
    });
    return toRow(`cel.${name}.perCpuSecond`, { unit: '1/cpu-s', better: 'higher', ours });
  });
  return Promise.resolve([...rows, limitRow()]);
}

/** How long the costliest expression that is let run takes to be stopped. */
function limitRow(): Row {
  const program = programOf('object.all(x, object.all(y, x != y || x == y))');
  const list = Array.from({ length: 3000 }, (_item, index) => String(index));
  const ours = Array.from({ length: RUNS }, (): Sample => {
    const cpuSeconds = cpuOf(() => evaluate(program, 1, list));
    return { value: cpuSeconds * 1000, cpuSeconds };
  });
  return toRow('cel.limit.cpuMs', { unit: 'ms', better: 'lower', ours });
}

function cpuOf(work: () => void): number {
  const before = ownCpuSeconds();
  work();
  return ownCpuSeconds() - before;
}

function programOf(source: string): CelProgram {
  const compiled = compileCel(source, ENVIRONMENT);
  if (compiled.type === 'faulty') throw new Error(compiled.message);
  return compiled.program;
}

function evaluate(program: CelProgram, times: number, object: Json = POD): void {
  for (let count = 0; count < times; count += 1)
    evaluateCel(program, {
      variables: new Map([['object', valueOfJson(object)]]),
      costMax: EXPRESSION_COST_MAX,
    });
}
