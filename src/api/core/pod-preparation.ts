import type { PodAffinity, PodAffinityTerm } from '#api/core/affinity.ts';
import type { Pod } from '#api/core/pod.ts';
import { APP_ARMOR_PREFIX } from '#api/core/pod-annotations-validation.ts';
import { placedContainers } from '#api/core/pod-containers.ts';
import type { AppArmorProfile } from '#api/core/security-context.ts';

/** What the server itself makes of a new pod, in place. Source: Kubernetes' `PrepareForCreate` of pods. */
export function prepareNewPod(pod: Pod): void {
  noteGates(pod);
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const labels = pod.metadata.labels ?? {};
  for (const term of [...termsOf(podAffinity), ...termsOf(podAntiAffinity)]) selectByOwnLabels(term, labels);
  if (pod.spec.os?.name !== 'windows') matchAppArmor(pod);
}

/** A pod with gates says that it waits for them. */
function noteGates({ spec, status, metadata }: Pod): void {
  if ((spec.schedulingGates ?? []).length === 0 || status === undefined) return;
  status.conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      ...(metadata.creationTimestamp === undefined ? {} : { lastTransitionTime: metadata.creationTimestamp }),
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ];
}

function termsOf(affinity: PodAffinity = {}): PodAffinityTerm[] {
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...preferred.map(({ podAffinityTerm }) => podAffinityTerm),
    ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
}

/** The pod's own labels by the keys that a term names, as what the term selects by. */
function selectByOwnLabels(
  { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: PodAffinityTerm,
  labels: Readonly<Record<string, string>>,
): void {
  if (labelSelector === undefined) return;
  const added = [
    ...matchLabelKeys.map((key) => ({ key, operator: 'In' as const })),
    ...mismatchLabelKeys.map((key) => ({ key, operator: 'NotIn' as const })),
  ].flatMap(({ key, operator }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
  if (added.length > 0)
    labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...added];
}

/** Kubelets of before 1.30 know AppArmor by annotations alone, newer ones by fields: both say the same. */
function matchAppArmor({ spec, metadata }: Pod): void {
  const ofPod = spec.securityContext?.appArmorProfile;
  for (const { container } of placedContainers('spec', spec)) {
    const key = `${APP_ARMOR_PREFIX}${container.name}`;
    const own = container.securityContext?.appArmorProfile;
    const annotation = metadata.annotations?.[key];
    if (annotation === undefined) {
      const profile = own ?? ofPod;
      const text = profile === undefined ? undefined : annotationOf(profile);
      if (text !== undefined) metadata.annotations = { ...metadata.annotations, [key]: text };
    } else if (own === undefined) {
      const profile = profileOf(annotation);
      const isOfPod = profile?.type === ofPod?.type && profile?.localhostProfile === ofPod?.localhostProfile;
      if (profile !== undefined && !isOfPod)
        container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    }
  }
}

function annotationOf({ type, localhostProfile }: AppArmorProfile): string | undefined {
  switch (type) {
    case 'Unconfined':
      return 'unconfined';
    case 'RuntimeDefault':
      return 'runtime/default';
    case 'Localhost':
      return localhostProfile === undefined ? undefined : `localhost/${localhostProfile}`;
    default:
      return undefined;
  }
}

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const [, localhostProfile = ''] = /^localhost\/(\S(?:.*\S)?)$/s.exec(annotation) ?? [];
  return localhostProfile === '' ? undefined : { type: 'Localhost', localhostProfile };
}

/** What a status that is written need not say again: it stays. */
export function keepStatusFields({ status }: Pod, { status: old }: Pod): void {
  if (status === undefined || status === old || old === undefined) return;
  if (!status.qosClass && old.qosClass !== undefined) status.qosClass = old.qosClass;
  if (!status.observedGeneration && old.observedGeneration !== undefined)
    status.observedGeneration = old.observedGeneration;
}
