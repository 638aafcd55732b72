import { type StatefulSet, statefulSetResource } from '#api/apps/stateful-set.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import type { Volume } from '#api/core/volume.ts';
import type { Draft } from '#api/object.ts';
import { controllerReference } from '#controllers/ownership.ts';
import { podFromTemplate } from '#controllers/pod-from-template.ts';
import { REVISION_LABEL } from '#controllers/template-revisions.ts';

const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** The number of a pod in its set, from its name; undefined where it is not named like one of the set. */
export function ordinalOf(set: StatefulSet, { metadata: { name } }: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const digits = name.slice(prefix.length);
  return name.startsWith(prefix) && /^(0|[1-9]\d{0,8})$/.test(digits) ? Number(digits) : undefined;
}

/** The first ordinal of a set, and the one after the last. */
export function ordinalRange({ spec }: StatefulSet): { first: number; end: number } {
  const first = spec.ordinals?.start ?? 0;
  return { first, end: first + (spec.replicas ?? 1) };
}

/** The name of the claim of a pod for a claim template. */
export function claimName(
  set: StatefulSet,
  { template, ordinal }: { template: string; ordinal: number },
): string {
  return `${template}-${set.metadata.name}-${ordinal}`;
}

/** The pod of an ordinal: its name, host name, DNS name and claims are its own, whatever becomes of it (Kubernetes docs, "StatefulSets", "Pod Identity"). */
export function podOfOrdinal(
  set: StatefulSet,
  { ordinal, template, revision }: { ordinal: number; template: PodTemplateSpec; revision: string },
): Draft<Pod> {
  const name = `${set.metadata.name}-${ordinal}`;
  const pod = podFromTemplate(template, {
    namespace: set.metadata.namespace ?? '',
    name,
    owner: controllerReference(statefulSetResource, set),
  });
  const labels = { ...pod.metadata.labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision };
  const { serviceName = '' } = set.spec;
  return {
    ...pod,
    metadata: { ...pod.metadata, generateName: `${set.metadata.name}-`, labels },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(serviceName === '' ? {} : { subdomain: serviceName }),
      ...volumesOf(set, { volumes: pod.spec.volumes ?? [], ordinal }),
    },
  };
}

/** The labels by which a single pod of a set is selected; undefined where it has them. */
export function missingIdentityLabels(
  { metadata: { name, labels } }: Pod,
  ordinal: number,
): Record<string, string> | undefined {
  const missing = Object.entries(identityLabels(name, ordinal)).filter(
    ([key, value]) => labels?.[key] !== value,
  );
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}

function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) };
}

/** A claim takes the place of a volume of its name. */
function volumesOf(
  set: StatefulSet,
  { volumes, ordinal }: { volumes: readonly Volume[]; ordinal: number },
): { volumes?: Volume[] } {
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: claimName(set, { template: name, ordinal }) },
  }));
  const names = new Set(claims.map(({ name }) => name));
  const all = [...volumes.filter(({ name }) => !names.has(name)), ...claims];
  return all.length === 0 ? {} : { volumes: all };
}
