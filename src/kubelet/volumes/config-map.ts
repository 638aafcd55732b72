import type { ConfigMap } from '#api/core/config-map.ts';
import type { ConfigMapProjection } from '#api/core/volume.ts';
import { StartError } from '#kubelet/start-error.ts';
import { mountPayload } from '#kubelet/volumes/api-folder.ts';
import { DEFAULT_MODE, entriesOf, type Payload, payloadOf } from '#kubelet/volumes/payload.ts';
import type { VolumeKind } from '#kubelet/volumes/volume.ts';

/** A ConfigMap's keys as files. */
export const configMapVolume: VolumeKind = {
  field: 'configMap',
  async setUp(context) {
    const source = context.volume.configMap ?? {};
    const map = context.objects.configMap(source.name ?? '');
    return mountPayload(context, configMapPayload(map, source, source.defaultMode ?? DEFAULT_MODE));
  },
};

/** The files of a ConfigMap in a volume. Throws StartError where it, or a key of it, is missing and not optional. */
export function configMapPayload(
  map: ConfigMap | undefined,
  source: ConfigMapProjection,
  defaultMode: number,
): Payload {
  const { name = '', items, optional = false } = source;
  if (map === undefined && !optional) throw new StartError('FailedMount', `configmap "${name}" not found`);
  const entries = entriesOf({ text: map?.data, base64: map?.binaryData });
  return payloadOf({ what: `configmap "${name}"`, entries, items, defaultMode, optional });
}
