import type { DaemonSet } from '#api/apps/daemon-set.ts';
import type { Toleration } from '#api/core/affinity.ts';
import type { Node } from '#api/core/node.ts';
import { nodeMatcher } from '#api/core/node-selector-match.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { isTolerated } from '#api/core/toleration-match.ts';

/** Whether a DaemonSet is to start a pod on a node, and whether one that is there may go on. */
export interface NodeVerdict {
  readonly shouldRun: boolean;
  readonly mayContinue: boolean;
}

/** What pods of a DaemonSet tolerate without asking (Kubernetes docs, "DaemonSet", "Taints and tolerations"). */
export function daemonTolerations(spec: PodSpec): Toleration[] {
  const tolerate = (name: string, effect: 'NoSchedule' | 'NoExecute'): Toleration => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    effect,
  });
  return [
    tolerate('not-ready', 'NoExecute'),
    tolerate('unreachable', 'NoExecute'),
    tolerate('disk-pressure', 'NoSchedule'),
    tolerate('memory-pressure', 'NoSchedule'),
    tolerate('pid-pressure', 'NoSchedule'),
    tolerate('unschedulable', 'NoSchedule'),
    ...(spec.hostNetwork === true ? [tolerate('network-unavailable', 'NoSchedule')] : []),
  ];
}

/** Judges by name, labels and taints of the node; whether it has room is the scheduler's matter. */
export function judgeNode({ spec: { template } }: DaemonSet, { metadata, spec }: Node): NodeVerdict {
  const { nodeName, nodeSelector, affinity, tolerations = [] } = template.spec;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const isWanted = nodeMatcher({ nodeSelector, required });
  const isNamed = nodeName === undefined || nodeName === '' || nodeName === metadata.name;
  if (!isNamed || isWanted?.({ name: metadata.name, labels: metadata.labels ?? {} }) === false) {
    return { shouldRun: false, mayContinue: false };
  }
  const tolerated = [...tolerations, ...daemonTolerations(template.spec)];
  const untolerated = (spec.taints ?? []).filter((taint) => !isTolerated(taint, tolerated));
  return {
    shouldRun: untolerated.every(({ effect }) => effect === 'PreferNoSchedule'),
    mayContinue: untolerated.every(({ effect }) => effect !== 'NoExecute'),
  };
}

/** The node that a daemon pod is on or, until it is bound, made for. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const fields = terms.flatMap(({ matchFields = [] }) => matchFields);
  const named = fields.find(
    ({ key, operator, values }) => key === 'metadata.name' && operator === 'In' && values?.length === 1,
  );
  return named?.values?.[0];
}
