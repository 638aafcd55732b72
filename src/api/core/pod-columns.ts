import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn, wide } from '#api/columns.ts';
import type { Pod } from '#api/core/pod.ts';
import { formatRestarts, type PodSummary, summarizePod } from '#api/core/pod-summary.ts';
import type { Column } from '#api/resource.ts';

/** The columns of `kubectl get pods`. */
export const POD_COLUMNS: readonly Column<Pod>[] = [
  NAME_COLUMN,
  textColumn('Ready', 'Containers that are ready, of all containers and sidecars.', (pod) => {
    const { readyContainers, totalContainers } = summaryOf(pod);
    return `${readyContainers}/${totalContainers}`;
  }),
  textColumn(
    'Status',
    'The phase of the pod, or the reason why a container does not run.',
    (pod) => summaryOf(pod).status,
  ),
  textColumn('Restarts', 'How often containers have been restarted, and when last.', (pod, nowMs) =>
    formatRestarts(summaryOf(pod), nowMs),
  ),
  AGE_COLUMN,
  wide(
    textColumn('IP', 'Address of the pod.', ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? NONE),
  ),
  wide(textColumn('Node', 'Node that the pod is bound to.', ({ spec }) => orNone(spec.nodeName))),
  wide(
    textColumn('Nominated Node', 'Node that the pod waits for, once others have left it.', ({ status }) =>
      orNone(status?.nominatedNodeName),
    ),
  ),
  wide(textColumn('Readiness Gates', 'Readiness gates that are passed, of all.', readinessGates)),
];

/** Three columns in a row ask for the summary of the same pod. */
const summaries = new WeakMap<Pod, PodSummary>();

function summaryOf(pod: Pod): PodSummary {
  const known = summaries.get(pod);
  if (known !== undefined) return known;
  const summary = summarizePod(pod);
  summaries.set(pod, summary);
  return summary;
}

function orNone(text: string | undefined): string {
  return text === undefined || text === '' ? NONE : text;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const passed = gates.filter(({ conditionType }) =>
    status?.conditions?.some(({ type, status: state }) => type === conditionType && state === 'True'),
  );
  return `${passed.length}/${gates.length}`;
}
