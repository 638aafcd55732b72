import { isDeepStrictEqual } from 'node:util';
import type { Namespace } from '#api/core/namespace.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { KubeObject } from '#api/object.ts';
import { forbidden, invalid } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest, AdmissionTarget } from '#apiserver/admission/plugin.ts';
import type { CheckedPod } from '#apiserver/admission/pod-security/check.ts';
import {
  describeLevel,
  describeViolations,
  isStricter,
  labelErrors,
  policyOf,
  violationsOf,
} from '#apiserver/admission/pod-security/policy.ts';
import { addAuditAnnotation, addWarning } from '#apiserver/request-notes.ts';
import { decodeObject, listPrefix } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';

/** Who is not asked. */
export interface SecurityExemptions {
  readonly usernames?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly runtimeClasses?: readonly string[];
}

export interface PodSecurityOptions {
  readonly store: Store;
  readonly exemptions?: SecurityExemptions;
}

/** Pods of a namespace that are looked at when its level rises; of more only the first, which the warning says. */
const EXISTING_PODS_MAX = 3000;
/** Different pods or kinds of violation that the warnings then name. */
const EXISTING_WARNINGS_MAX = 50;

const ANNOTATION = 'pod-security.kubernetes.io/';

/** Where a workload's pod template is: `kind` by group. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  '/ReplicationController': ['spec', 'template'],
  '/PodTemplate': ['template'],
};

/**
 * Kubernetes' PodSecurity admission: pods are held to the levels that the labels of their namespace name. Workloads are never
 * refused: whoever writes one is warned of what its pods will be refused for.
 */
export function podSecurity(options: PodSecurityOptions): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    handles: (target) => isNamespaceWrite(target) || isPodWrite(target) || isWorkloadWrite(target),
    validate(request) {
      if (request.type.kind === 'Namespace') return checkNamespace(request, options);
      return request.type.kind === 'Pod' ? checkPod(request, options) : checkWorkload(request, options);
    },
  };
}

function isNamespaceWrite({ operation, type, subresource }: AdmissionTarget): boolean {
  return (
    type.group === '' &&
    type.kind === 'Namespace' &&
    subresource === undefined &&
    (operation === 'create' || operation === 'update')
  );
}

function isPodWrite({ operation, type, subresource }: AdmissionTarget): boolean {
  if (type.group !== '' || type.kind !== 'Pod') return false;
  if (subresource !== undefined && subresource !== 'ephemeralcontainers' && subresource !== 'resize')
    return false;
  return operation === 'create' || operation === 'update';
}

function isWorkloadWrite({ operation, type, subresource }: AdmissionTarget): boolean {
  return (
    Object.hasOwn(TEMPLATES, `${type.group}/${type.kind}`) &&
    subresource === undefined &&
    (operation === 'create' || operation === 'update')
  );
}

async function checkPod(request: AdmissionRequest, options: PodSecurityOptions): Promise<void> {
  const pod = request.object as Pod;
  const labels = (await request.namespaceObject())?.metadata.labels;
  const policy = policyOf(labels);
  const { enforce, audit, warn } = policy;
  if ([enforce, audit, warn].every(({ level }) => level === 'privileged')) return;
  if (isExempt(request, pod.spec, options)) return;
  if (request.old !== undefined && !isSignificant(pod, request.old as Pod)) return;
  addAuditAnnotation(request.notes, `${ANNOTATION}enforce-policy`, describeLevel(enforce));
  const refused = violationsOf(pod, enforce);
  tellBeside(request, pod, {
    audit,
    warn: refused.length > 0 ? { level: 'privileged', version: 'latest' } : warn,
  });
  if (refused.length === 0) return;
  throw forbidden(
    { resource: 'pods', name: request.name },
    `violates PodSecurity ${JSON.stringify(describeLevel(enforce))}: ${describeViolations(refused)}`,
  );
}

/** Labels, annotations but AppArmor's, and what the kubelet is told beside are none of the standards' concern. */
function isSignificant(next: Pod, before: Pod): boolean {
  const concern = ({ spec, metadata }: Pod): unknown => ({
    spec: {
      ...spec,
      tolerations: undefined,
      activeDeadlineSeconds: undefined,
      terminationGracePeriodSeconds: undefined,
    },
    annotations: Object.entries(metadata.annotations ?? {}).filter(([key]) =>
      key.includes('apparmor.security'),
    ),
  });
  const imageless = (pod: Pod): unknown =>
    JSON.parse(JSON.stringify(concern(pod), (key, value: unknown) => (key === 'image' ? undefined : value)));
  return !isDeepStrictEqual(imageless(next), imageless(before));
}

async function checkWorkload(request: AdmissionRequest, options: PodSecurityOptions): Promise<void> {
  const template = templateOf(request.object);
  if (template === undefined) return;
  const { audit, warn } = policyOf((await request.namespaceObject())?.metadata.labels);
  if (audit.level === 'privileged' && warn.level === 'privileged') return;
  if (isExempt(request, template.spec, options)) return;
  if (request.old !== undefined && isDeepStrictEqual(templateOf(request.old)?.spec, template.spec)) return;
  tellBeside(request, template, { audit, warn });
}

function templateOf(object: KubeObject): CheckedPod | undefined {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/', 1)[0] : '';
  let value: unknown = object;
  for (const field of TEMPLATES[`${group}/${object.kind}`] ?? [])
    value = (value as Record<string, unknown> | undefined)?.[field];
  const { spec, metadata = {} } = (value ?? {}) as Partial<CheckedPod>;
  return spec?.containers === undefined ? undefined : { spec, metadata };
}

function tellBeside(
  { notes }: AdmissionRequest,
  pod: CheckedPod,
  { audit, warn }: Pick<ReturnType<typeof policyOf>, 'audit' | 'warn'>,
): void {
  const wouldViolate = (level: typeof audit): string | undefined => {
    const violations = violationsOf(pod, level);
    if (violations.length === 0) return undefined;
    return `would violate PodSecurity ${JSON.stringify(describeLevel(level))}: ${describeViolations(violations)}`;
  };
  const audited = wouldViolate(audit);
  if (audited !== undefined) addAuditAnnotation(notes, `${ANNOTATION}audit-violations`, audited);
  const warned = wouldViolate(warn);
  if (warned !== undefined) addWarning(notes, warned);
}

function isExempt(
  { notes, user, namespace = '' }: AdmissionRequest,
  { runtimeClassName = '' }: PodSpec,
  { exemptions = {} }: PodSecurityOptions,
): boolean {
  const { usernames = [], namespaces = [], runtimeClasses = [] } = exemptions;
  const why = usernames.includes(user.name)
    ? 'user'
    : namespaces.includes(namespace)
      ? 'namespace'
      : runtimeClasses.includes(runtimeClassName)
        ? 'runtimeClass'
        : undefined;
  if (why !== undefined) addAuditAnnotation(notes, `${ANNOTATION}exempt`, why);
  return why !== undefined;
}

/** Labels that cannot be read are refused; whoever raises the level is told which pods are against it. */
async function checkNamespace(request: AdmissionRequest, options: PodSecurityOptions): Promise<void> {
  const { labels } = request.object.metadata;
  const before = (request.old as Namespace | undefined)?.metadata.labels;
  const errors = labelErrors(labels);
  if (errors.length > 0 && !isDeepStrictEqual(errors, labelErrors(before)))
    throw invalid({ kind: 'Namespace', group: '', name: request.name }, errors);
  if (request.old === undefined || errors.length > 0) return;
  const { enforce } = policyOf(labels);
  if (!isStricter(enforce, policyOf(before).enforce)) return;
  if (options.exemptions?.namespaces?.includes(request.name) === true) return;
  const { entries, remaining } = await options.store.list(listPrefix(podResource, request.name), {
    limit: EXISTING_PODS_MAX,
  });
  const pods = new Map<string, string[]>();
  for (const { value } of entries) {
    const pod = decodeObject<Pod>(value);
    const reasons = violationsOf(pod, enforce).map(({ reason }) => reason);
    if (reasons.length === 0) continue;
    const key = reasons.join(', ');
    pods.set(key, [...(pods.get(key) ?? []), pod.metadata.name]);
  }
  if (pods.size === 0) return;
  const { notes, name } = request;
  const level = JSON.stringify(describeLevel(enforce));
  addWarning(
    notes,
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${level}`,
  );
  const lines = [...pods].map(([reasons, names]) => `${namesOf(names)}: ${reasons}`).sort();
  for (const line of lines.slice(0, EXISTING_WARNINGS_MAX)) addWarning(notes, line);
  if (remaining > 0)
    addWarning(
      notes,
      `new PodSecurity enforce level only checked against the first ${entries.length} of ${entries.length + remaining} existing pods`,
    );
}

/** `web-1 (and 2 other pods)`. */
function namesOf(names: readonly string[]): string {
  const [first = '', ...others] = names.toSorted();
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
}
