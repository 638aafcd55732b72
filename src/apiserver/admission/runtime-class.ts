import { isDeepStrictEqual } from 'node:util';
import type { Toleration } from '#api/core/affinity.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { type RuntimeClass, runtimeClassResource } from '#api/node/runtime-class.ts';
import { forbidden, type StatusError } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { isPodCreation } from '#apiserver/admission/pod-requests.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

/** Kubernetes' RuntimeClass admission: a pod's overhead, node selector and tolerations are those of its class. */
export function runtimeClassAdmission(store: Store): AdmissionPlugin {
  const classes = new StoredKind(store, runtimeClassResource);
  const findClass = async (
    { spec }: Pod,
    refuse: (why: string) => StatusError,
  ): Promise<RuntimeClass | undefined> => {
    const { runtimeClassName: name } = spec;
    if (name === undefined || name === '') return undefined;
    const found = (await classes.ready()).get({ name });
    if (found === undefined) throw refuse(`pod rejected: RuntimeClass "${name}" not found`);
    return found;
  };
  const refusal =
    (name: string) =>
    (why: string): StatusError =>
      forbidden({ resource: 'pods', name }, why);
  return {
    name: 'RuntimeClass',
    handles: isPodCreation,
    async mutate({ object, name }) {
      const pod = object as Pod;
      const refuse = refusal(name);
      const found = await findClass(pod, refuse);
      if (found === undefined) return;
      takeOverhead(pod.spec, found, refuse);
      takeScheduling(pod.spec, found, refuse);
    },
    async validate({ object, name }) {
      const pod = object as Pod;
      const refuse = refusal(name);
      const found = await findClass(pod, refuse);
      if (pod.spec.overhead === undefined || found?.overhead?.podFixed !== undefined) return;
      throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    },
  };
}

function takeOverhead(spec: PodSpec, { overhead }: RuntimeClass, refuse: (why: string) => StatusError): void {
  if (overhead?.podFixed === undefined) return;
  if (spec.overhead !== undefined && !isDeepStrictEqual({ ...spec.overhead }, { ...overhead.podFixed }))
    throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  spec.overhead = { ...overhead.podFixed };
}

function takeScheduling(
  spec: PodSpec,
  { scheduling }: RuntimeClass,
  refuse: (why: string) => StatusError,
): void {
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      throw refuse(
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  for (const toleration of scheduling?.tolerations ?? []) {
    const has = (spec.tolerations ?? []).some((own: Toleration) => isDeepStrictEqual(own, toleration));
    if (!has) (spec.tolerations ??= []).push(structuredClone(toleration));
  }
}
