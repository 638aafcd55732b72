import { type DaemonSet, daemonSetResource } from '#api/apps/daemon-set.ts';
import type { NodeSelectorTerm } from '#api/core/affinity.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { Draft } from '#api/object.ts';
import { daemonTolerations } from '#controllers/daemon-set/placement.ts';
import { controllerReference } from '#controllers/ownership.ts';
import { podFromTemplate } from '#controllers/pod-from-template.ts';
import { REVISION_LABEL } from '#controllers/template-revisions.ts';

/** A pod of a DaemonSet for one node: it may be scheduled on no other. */
export function daemonPod(
  set: DaemonSet,
  { name, node, hash }: { name: string; node: string; hash: string },
): Draft<Pod> {
  const { metadata, ...pod } = podFromTemplate(set.spec.template, {
    namespace: set.metadata.namespace ?? '',
    name,
    generateName: `${set.metadata.name}-`,
    owner: controllerReference(daemonSetResource, set),
  });
  return {
    ...pod,
    metadata: { ...metadata, labels: { ...metadata.labels, [REVISION_LABEL]: hash } },
    spec: {
      ...pod.spec,
      affinity: onlyOn(node, pod.spec),
      tolerations: [...(pod.spec.tolerations ?? []), ...daemonTolerations(pod.spec)],
    },
  };
}

/** The required node affinity is replaced: the node was judged by it before. */
function onlyOn(node: string, { affinity }: PodSpec): NonNullable<PodSpec['affinity']> {
  const term: NodeSelectorTerm = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
  return { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, ...required } };
}
