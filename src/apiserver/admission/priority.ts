import type { Pod } from '#api/core/pod.ts';
import { type PriorityClass, priorityClassResource } from '#api/scheduling/priority-class.ts';
import { forbidden, type StatusError } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import { isPodWrite } from '#apiserver/admission/pod-requests.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

/**
 * Kubernetes' Priority admission: a pod gets the number and the preemption policy of its class, or of the class that is the
 * default for all; and at most one class is that.
 */
export function priorityAdmission(store: Store): AdmissionPlugin {
  const classes = new StoredKind(store, priorityClassResource);
  return {
    name: 'Priority',
    handles: (target) => isPodWrite(target) || isClassWrite(target),
    async mutate(request) {
      if (request.type.kind !== 'Pod') return;
      if (request.operation === 'update') {
        keepPriority(request.object as Pod, request.old as Pod);
        return;
      }
      await classes.ready();
      resolvePriority(request, classes.list());
    },
    async validate(request) {
      if (request.type.kind === 'Pod') return;
      await classes.ready();
      assertOneDefault(request, classes.list());
    },
  };
}

function isClassWrite({ operation, type }: Pick<AdmissionRequest, 'operation' | 'type'>): boolean {
  return (
    (operation === 'create' || operation === 'update') &&
    type.group === 'scheduling.k8s.io' &&
    type.kind === 'PriorityClass'
  );
}

/** Whoever writes a pod anew need not repeat what its class gave it. */
function keepPriority({ spec }: Pod, { spec: old }: Pod): void {
  if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority;
  if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined)
    spec.preemptionPolicy = old.preemptionPolicy;
}

function resolvePriority(request: AdmissionRequest, classes: readonly PriorityClass[]): void {
  const { spec } = request.object as Pod;
  const found = spec.priorityClassName
    ? classes.find(({ metadata }) => metadata.name === spec.priorityClassName)
    : defaultOf(classes);
  const refuse = (why: string): StatusError => forbidden({ resource: 'pods', name: request.name }, why);
  if (spec.priorityClassName && found === undefined)
    throw refuse(`no PriorityClass with name ${spec.priorityClassName} was found`);
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  if (found !== undefined) spec.priorityClassName = found.metadata.name;
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

/** Of several defaults, which only a race can make, the lowest counts. */
function defaultOf(classes: readonly PriorityClass[]): PriorityClass | undefined {
  const defaults = classes.filter(({ globalDefault }) => globalDefault === true);
  return defaults.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}

function assertOneDefault(request: AdmissionRequest, classes: readonly PriorityClass[]): void {
  const written = request.object as PriorityClass;
  if (written.globalDefault !== true) return;
  const other = classes.find(
    ({ globalDefault, metadata }) => globalDefault === true && metadata.name !== written.metadata.name,
  );
  if (other === undefined) return;
  throw forbidden(
    { resource: 'priorityclasses', group: 'scheduling.k8s.io', name: written.metadata.name },
    `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
  );
}
