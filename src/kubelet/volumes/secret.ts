import type { Secret } from '#api/core/secret.ts';
import type { SecretProjection } from '#api/core/volume.ts';
import { StartError } from '#kubelet/start-error.ts';
import { mountPayload } from '#kubelet/volumes/api-folder.ts';
import { DEFAULT_MODE, entriesOf, type Payload, payloadOf } from '#kubelet/volumes/payload.ts';
import type { VolumeKind } from '#kubelet/volumes/volume.ts';

/** A Secret's keys as files. */
export const secretVolume: VolumeKind = {
  field: 'secret',
  async setUp(context) {
    const { secretName: name = '', ...source } = context.volume.secret ?? {};
    return mountPayload(
      context,
      secretPayload(context.objects.secret(name), { ...source, name }, source.defaultMode ?? DEFAULT_MODE),
    );
  },
};

/** The files of a Secret in a volume. Throws StartError where it, or a key of it, is missing and not optional. */
export function secretPayload(
  secret: Secret | undefined,
  source: SecretProjection,
  defaultMode: number,
): Payload {
  const { name = '', items, optional = false } = source;
  if (secret === undefined && !optional) throw new StartError('FailedMount', `secret "${name}" not found`);
  return payloadOf({
    what: `secret "${name}"`,
    entries: entriesOf({ base64: secret?.data }),
    items,
    defaultMode,
    optional,
  });
}
