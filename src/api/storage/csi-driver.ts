import { AGE_COLUMN, joinOrNone, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import type { KubeObject } from '#api/object.ts';
import type { Column, ResourceType } from '#api/resource.ts';

/** `storage.k8s.io/v1.CSIDriver`. */
export interface CSIDriver extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'CSIDriver';
  spec: CSIDriverSpec;
}

/** `storage.k8s.io/v1.CSIDriverSpec`. */
export interface CSIDriverSpec {
  attachRequired?: boolean;
  fsGroupPolicy?: string;
  nodeAllocatableUpdatePeriodSeconds?: number;
  podInfoOnMount?: boolean;
  preventPodSchedulingIfMissing?: boolean;
  requiresRepublish?: boolean;
  seLinuxMount?: boolean;
  serviceAccountTokenInSecrets?: boolean;
  storageCapacity?: boolean;
  tokenRequests?: TokenRequest[];
  volumeLifecycleModes?: string[];
}

/** `storage.k8s.io/v1.TokenRequest`. */
export interface TokenRequest {
  audience: string;
  expirationSeconds?: number;
}

/** `csidrivers.storage.k8s.io`. */
export const csiDriverResource: ResourceType<CSIDriver> = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  namespaced: false,
  schema: 'storage/v1.CSIDriver',
  applyDefaults: ({ spec }) => {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.volumeLifecycleModes ??= ['Persistent'];
  },
  validate: ({ spec }, old) => [
    ...checkOneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode, index) =>
      checkOneOf(`spec.volumeLifecycleModes[${index}]`, mode, ['Ephemeral', 'Persistent']),
    ),
    ...(old === undefined
      ? []
      : [
          ...checkUnchanged('spec.attachRequired', spec.attachRequired, old.spec.attachRequired),
          ...checkUnchanged(
            'spec.volumeLifecycleModes',
            spec.volumeLifecycleModes,
            old.spec.volumeLifecycleModes,
          ),
        ]),
  ],
  columns: [
    NAME_COLUMN,
    flagColumn('AttachRequired', 'Whether volumes are attached before they are mounted.', 'attachRequired'),
    flagColumn('PodInfoOnMount', 'Whether the driver is told of the pod.', 'podInfoOnMount'),
    flagColumn('StorageCapacity', 'Whether the driver tells of its capacity.', 'storageCapacity'),
    textColumn('TokenRequests', 'Audiences of the tokens that the driver gets.', ({ spec }) =>
      spec.tokenRequests === undefined
        ? '<unset>'
        : joinOrNone(spec.tokenRequests.map(({ audience }) => audience)),
    ),
    flagColumn('RequiresRepublish', 'Whether volumes are published again and again.', 'requiresRepublish'),
    textColumn('Modes', 'Which volumes the driver serves.', ({ spec }) =>
      joinOrNone(spec.volumeLifecycleModes),
    ),
    AGE_COLUMN,
  ],
});

type Flag = 'attachRequired' | 'podInfoOnMount' | 'storageCapacity' | 'requiresRepublish';

function flagColumn(name: string, description: string, flag: Flag): Column<CSIDriver> {
  return { name, type: 'boolean', description, priority: 0, cell: ({ spec }) => spec[flag] ?? false };
}
