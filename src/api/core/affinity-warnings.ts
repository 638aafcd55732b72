import type { Affinity, NodeSelectorTerm, PodAffinity } from '#api/core/affinity.ts';
import { nodeLabelDeprecation } from '#api/core/node-labels.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { labelValueErrors } from '#api/label-syntax.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const MATCHES_NOTHING = 'a null labelSelector results in matching no pod';

/** What a client is told of where a pod wants to be: labels of nodes that have newer names, and selectors that select nothing. */
export function placementWarnings(field: string, { affinity, topologySpreadConstraints }: PodSpec): string[] {
  const nodeAffinity = affinity?.nodeAffinity ?? {};
  const at = `${field}.affinity`;
  const required = nodeAffinity[REQUIRED]?.nodeSelectorTerms ?? [];
  return [
    ...required.flatMap((term, index) =>
      nodeTermWarnings(`${at}.nodeAffinity.${REQUIRED}.nodeSelectorTerms[${index}]`, term),
    ),
    ...(nodeAffinity[PREFERRED] ?? []).flatMap(({ preference }, index) =>
      nodeTermWarnings(`${at}.nodeAffinity.${PREFERRED}[${index}].preference`, preference, true),
    ),
    ...(topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const path = `${field}.topologySpreadConstraints[${index}]`;
      return [
        ...oldLabel(`${path}.topologyKey`, topologyKey),
        ...(labelSelector === undefined ? [`${path}.labelSelector: ${MATCHES_NOTHING}`] : []),
      ];
    }),
  ];
}

/** What a client is told of which pods a pod wants to be near to, or not. */
export function neighbourWarnings(field: string, { podAffinity, podAntiAffinity }: Affinity = {}): string[] {
  return [
    ...podTermWarnings(`${field}.podAffinity`, podAffinity),
    ...podTermWarnings(`${field}.podAntiAffinity`, podAntiAffinity),
  ];
}

function nodeTermWarnings(
  field: string,
  { matchExpressions = [] }: NodeSelectorTerm,
  checksValues = false,
): string[] {
  return matchExpressions.flatMap(({ key, values = [] }, index) => {
    const path = `${field}.matchExpressions[${index}]`;
    return [
      ...oldLabel(`${path}.key`, key),
      ...(checksValues ? values : []).flatMap((value, at) =>
        labelValueErrors(value).map((error) => `${path}.values[${at}]: ${value} is invalid, ${error}`),
      ),
    ];
  });
}

function oldLabel(field: string, key: string): string[] {
  const message = nodeLabelDeprecation(key);
  return message === undefined ? [] : [`${field}: ${key} is ${message}`];
}

function podTermWarnings(field: string, affinity: PodAffinity = {}): string[] {
  return [
    ...(affinity[REQUIRED] ?? []).flatMap(({ labelSelector }, index) =>
      labelSelector === undefined ? [`${field}.${REQUIRED}[${index}].labelSelector: ${MATCHES_NOTHING}`] : [],
    ),
    ...(affinity[PREFERRED] ?? []).flatMap(({ podAffinityTerm }, index) =>
      podAffinityTerm.labelSelector === undefined
        ? [`${field}.${PREFERRED}[${index}].podAffinityTerm.labelSelector: ${MATCHES_NOTHING}`]
        : [],
    ),
  ];
}
