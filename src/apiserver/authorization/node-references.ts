import { type Pod, podResource } from '#api/core/pod.ts';
import type { ViewIndex } from '#client/view.ts';

/** Objects that the pods of a node refer to, as `secrets/NAMESPACE/NAME`, and by how many pods. */
export const NODE_REFERENCES: ViewIndex<Pod, Map<string, Map<string, number>>> = {
  type: podResource,
  create: () => new Map(),
  take(state, { object, previous }) {
    if (previous !== undefined) count(state, previous, -1);
    if (object !== undefined) count(state, object, 1);
  },
};

function count(state: Map<string, Map<string, number>>, pod: Pod, by: number): void {
  const node = pod.spec.nodeName ?? '';
  if (node === '') return;
  const references = state.get(node) ?? new Map<string, number>();
  for (const key of referencesOf(pod)) {
    const left = (references.get(key) ?? 0) + by;
    if (left > 0) references.set(key, left);
    else references.delete(key);
  }
  if (references.size > 0) state.set(node, references);
  else state.delete(node);
}

/** What a pod's host has to read for it: the account, Secrets, ConfigMaps and claims that its spec names. */
export function referencesOf({ metadata, spec }: Pod): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (resource: string, name: string | undefined): void => {
    if (name !== undefined && name !== '') found.add(`${resource}/${metadata.namespace ?? ''}/${name}`);
  };
  add('serviceaccounts', spec.serviceAccountName ?? 'default');
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name);
  const containers = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const { env = [], envFrom = [] } of containers) {
    for (const { secretRef, configMapRef } of envFrom) {
      add('secrets', secretRef?.name);
      add('configmaps', configMapRef?.name);
    }
    for (const { valueFrom } of env) {
      add('secrets', valueFrom?.secretKeyRef?.name);
      add('configmaps', valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral !== undefined) add('persistentvolumeclaims', `${metadata.name}-${volume.name}`);
    for (const { secret, configMap } of volume.projected?.sources ?? []) {
      add('secrets', secret?.name);
      add('configmaps', configMap?.name);
    }
  }
  return found;
}
