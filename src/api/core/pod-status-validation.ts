import type { Pod } from '#api/core/pod.ts';
import { validateAnnotationChange } from '#api/core/pod-annotations-validation.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { ContainerStatus, PodCondition, PodStatus } from '#api/core/pod-status.ts';
import { checkName, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, invalidValue } from '#api/field-errors.ts';
import { ipFamily, withoutLeadingZeros } from '#api/ip-syntax.ts';
import { checkLegacyIp } from '#api/legacy-ip.ts';
import { qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** Conditions that Kubernetes itself defines. */
const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];

/** What is wrong with a status that is written. Source: Kubernetes' `ValidatePodStatusUpdate`. */
export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const { status = {}, spec } = pod;
  const { status: before = {} } = old;
  const { restartPolicy } = old.spec;
  const nominated = status.nominatedNodeName ?? '';
  return [
    ...validateAnnotationChange('metadata.annotations', pod.metadata.annotations, old.metadata.annotations),
    ...validateConditions('status.conditions', status),
    ...(nominated === '' || nominated === before.nominatedNodeName
      ? []
      : checkName('status.nominatedNodeName', nominated, subdomainNameErrors)),
    ...checkUnchanged('status.qosClass', status.qosClass, before.qosClass),
    ...validateStates('status.containerStatuses', status.containerStatuses, before.containerStatuses, {
      restartPolicy,
    }),
    ...validateStates(
      'status.initContainerStatuses',
      status.initContainerStatuses,
      before.initContainerStatuses,
      { restartPolicy, isSidecar: (name) => isSidecar(spec, name) },
    ),
    ...validateStates(
      'status.ephemeralContainerStatuses',
      status.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      { restartPolicy: 'Never' },
    ),
    ...validateIps('status.podIPs', status.podIPs, before.podIPs),
    ...validateHostIps(status, before),
  ];
}

function validateConditions(field: string, { conditions = [] }: PodStatus): FieldError[] {
  return conditions.flatMap(({ type = '' }: Partial<PodCondition>, index) =>
    SYSTEM_CONDITIONS.includes(type) ? [] : checkName(`${field}[${index}].Type`, type, qualifiedNameErrors),
  );
}

function isSidecar({ initContainers = [] }: PodSpec, name: string): boolean {
  return initContainers.some((container) => container.name === name && container.restartPolicy === 'Always');
}

/** A container that has ended, and shall not run again, stays so. */
function validateStates(
  field: string,
  statuses: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  {
    restartPolicy,
    isSidecar: isOften,
  }: { restartPolicy?: string | undefined; isSidecar?: (name: string) => boolean },
): FieldError[] {
  if (restartPolicy === 'Always') return [];
  return old.flatMap(({ name, state }, index) => {
    const ended = state?.terminated;
    const mayRunAgain =
      ended === undefined ||
      (restartPolicy === 'OnFailure' && ended.exitCode !== 0) ||
      isOften?.(name) === true;
    return mayRunAgain
      ? []
      : statuses
          .filter((status) => status.name === name && status.state?.terminated === undefined)
          .map(() =>
            forbiddenField(`${field}[${index}].state`, 'may not be transitioned to non-terminated state'),
          );
  });
}

function validateHostIps({ hostIP = '', hostIPs = [] }: PodStatus, old: PodStatus): FieldError[] {
  const [first] = hostIPs;
  if (first === undefined) return [];
  return [
    ...(first.ip === hostIP
      ? []
      : [invalidValue('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`')]),
    ...validateIps('status.hostIPs', hostIPs, old.hostIPs),
  ];
}

/** At most one address of each family. */
function validateIps(
  field: string,
  ips: readonly { ip: string }[] = [],
  old: readonly { ip: string }[] = [],
): FieldError[] {
  const known = old.map(({ ip }) => ip);
  const families = new Set(ips.map(({ ip }) => ipFamily(withoutLeadingZeros(ip))));
  const tooMany = 'may specify no more than one IP for each IP family';
  return [
    ...ips.flatMap(({ ip }, index) => checkLegacyIp(`${field}[${index}]`, ip, known)),
    ...(ips.length > families.size ? [invalidValue(field, ips, tooMany)] : []),
  ];
}
