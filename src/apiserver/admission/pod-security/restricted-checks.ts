import { forbiddenSeccomp } from '#apiserver/admission/pod-security/baseline-checks.ts';
import {
  type AnyContainer,
  allContainers,
  type CheckedPod,
  containersNamed,
  isWindows,
  plural,
  quotedList,
  quotedSet,
  type SecurityCheck,
  setters,
  type Violation,
} from '#apiserver/admission/pod-security/check.ts';

/** The restricted level: what a well-kept pod needs not (Kubernetes docs, "Pod Security Standards"). */

/** Since this minor version a pod for Windows is not asked for what only Linux has. */
const WINDOWS_SINCE = 25;

const VOLUME_TYPES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

export const RESTRICTED_CHECKS: readonly SecurityCheck[] = [
  { id: 'allowPrivilegeEscalation', level: 'restricted', since: 8, find: allowPrivilegeEscalation },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    since: 22,
    overrides: ['capabilities_baseline'],
    find: capabilities,
  },
  {
    id: 'restrictedVolumes',
    level: 'restricted',
    since: 0,
    overrides: ['hostPathVolumes'],
    find: restrictedVolumes,
  },
  { id: 'runAsNonRoot', level: 'restricted', since: 0, find: runAsNonRoot },
  { id: 'runAsUser', level: 'restricted', since: 23, find: runAsUser },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    since: 19,
    overrides: ['seccompProfile_baseline'],
    find: seccompProfile,
  },
];

function allowPrivilegeEscalation(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= WINDOWS_SINCE && isWindows(pod)) return undefined;
  const bad = allContainers(pod).filter(
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  );
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersNamed(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function capabilities(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= WINDOWS_SINCE && isWindows(pod)) return undefined;
  const forbiddenOf = ({ securityContext }: AnyContainer): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const keeping = allContainers(pod).filter(
    ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') !== true,
  );
  const adding = allContainers(pod).filter((container) => forbiddenOf(container).length > 0);
  const details = [
    ...(keeping.length > 0
      ? [`${containersNamed(keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [
          `${containersNamed(adding)} must not include ${quotedSet(adding.flatMap(forbiddenOf))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return details.length === 0
    ? undefined
    : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

function restrictedVolumes({ spec }: CheckedPod): Violation | undefined {
  const typeOf = (volume: object): string =>
    Object.keys(volume).find((field) => field !== 'name') ?? 'unknown';
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUME_TYPES.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const names = quotedList(bad.map(({ name }) => name));
  const types = new Set(bad.map(typeOf));
  const use = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', bad.length)} ${names} ${use} ${plural('restricted volume type', types.size)} ${quotedSet(types)}`,
  };
}

function runAsNonRoot(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= 35 && pod.spec.hostUsers === false) return undefined;
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const choiceOf = ({ securityContext }: AnyContainer): boolean | undefined => securityContext?.runAsNonRoot;
  const refusing = allContainers(pod).filter((container) => choiceOf(container) === false);
  // What every container says for itself, the pod need not.
  const silent = allContainers(pod).filter((container) => choiceOf(container) === undefined);
  const podRefuses = ofPod === false && silent.length > 0;
  if (podRefuses || refusing.length > 0) {
    return {
      reason: 'runAsNonRoot != true',
      detail: `${setters(ofPod === false, refusing)} must not set securityContext.runAsNonRoot=false`,
    };
  }
  if (ofPod === true || silent.length === 0) return undefined;
  return {
    reason: 'runAsNonRoot != true',
    detail: `pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true`,
  };
}

function runAsUser(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= 35 && pod.spec.hostUsers === false) return undefined;
  const isPod = pod.spec.securityContext?.runAsUser === 0;
  const bad = allContainers(pod).filter(({ securityContext }) => securityContext?.runAsUser === 0);
  if (!isPod && bad.length === 0) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters(isPod, bad)} must not set runAsUser=0` };
}

function seccompProfile(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= WINDOWS_SINCE && isWindows(pod)) return undefined;
  const isAllowed = (type: string): boolean => type === 'RuntimeDefault' || type === 'Localhost';
  const forbidden = forbiddenSeccomp(pod, isAllowed);
  if (forbidden !== undefined) return forbidden;
  if (pod.spec.securityContext?.seccompProfile !== undefined) return undefined;
  const silent = allContainers(pod).filter(
    ({ securityContext }) => securityContext?.seccompProfile === undefined,
  );
  if (silent.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersNamed(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}
