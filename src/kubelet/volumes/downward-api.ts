import type { DownwardAPIVolumeFile } from '#api/core/volume.ts';
import { fieldValue } from '#kubelet/environment/field-value.ts';
import { resourceValue } from '#kubelet/environment/resource-value.ts';
import { StartError } from '#kubelet/start-error.ts';
import { mountPayload } from '#kubelet/volumes/api-folder.ts';
import { DEFAULT_MODE, type Payload, type PayloadFile, safePath } from '#kubelet/volumes/payload.ts';
import type { VolumeContext, VolumeKind } from '#kubelet/volumes/volume.ts';

/** The pod's own fields as files. */
export const downwardApiVolume: VolumeKind = {
  field: 'downwardAPI',
  async setUp(context) {
    const { items = [], defaultMode = DEFAULT_MODE } = context.volume.downwardAPI ?? {};
    return mountPayload(context, downwardPayload(context, items, defaultMode));
  },
};

/** The files that these items ask for. Throws StartError for a field that there is none. */
export function downwardPayload(
  context: Pick<VolumeContext, 'pod' | 'allocatable'>,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
): Payload {
  const payload = new Map<string, PayloadFile>();
  for (const item of items) {
    payload.set(safePath(item.path), {
      content: Buffer.from(valueOf(context, item)),
      mode: item.mode ?? defaultMode,
    });
  }
  return payload;
}

function valueOf(
  { pod, allocatable }: Pick<VolumeContext, 'pod' | 'allocatable'>,
  item: DownwardAPIVolumeFile,
): string {
  if (item.fieldRef !== undefined) {
    const context = { pod, addresses: [], hostAddress: '', nodeName: pod.spec.nodeName ?? '' };
    return (
      fieldValue(item.fieldRef.fieldPath, context) ??
      refuse(`unsupported fieldPath: ${item.fieldRef.fieldPath}`)
    );
  }
  const { containerName, resource = '' } = item.resourceFieldRef ?? {};
  const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
    ({ name }) => name === containerName,
  );
  if (container === undefined || item.resourceFieldRef === undefined)
    return refuse(`container "${containerName ?? ''}" not found`);
  return (
    resourceValue(item.resourceFieldRef, { container, allocatable }) ??
    refuse(`unsupported container resource: ${resource}`)
  );
}

function refuse(message: string): never {
  throw new StartError('FailedMount', message);
}
