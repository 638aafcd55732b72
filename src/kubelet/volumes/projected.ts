import type { ServiceAccountTokenProjection, VolumeProjection } from '#api/core/volume.ts';
import { StartError } from '#kubelet/start-error.ts';
import { mountPayload } from '#kubelet/volumes/api-folder.ts';
import { configMapPayload } from '#kubelet/volumes/config-map.ts';
import { downwardPayload } from '#kubelet/volumes/downward-api.ts';
import { DEFAULT_MODE, type Payload, type PayloadFile, safePath } from '#kubelet/volumes/payload.ts';
import { secretPayload } from '#kubelet/volumes/secret.ts';
import type { VolumeContext, VolumeKind } from '#kubelet/volumes/volume.ts';

/** A token is renewed after this part of its life, and at the latest after a day, as upstream does. */
const TOKEN_RENEWAL_PART = 0.8;
const TOKEN_RENEWAL_MS_MAX = 24 * 3600_000;

/** The life of a token whose projection names none, in seconds. */
const TOKEN_SECONDS_DEFAULT = 3600;

interface Part {
  readonly payload: Payload;
  readonly renewAtMs: number;
}

/** Several sources in one folder; of two files of one path the later source's is seen. */
export const projectedVolume: VolumeKind = {
  field: 'projected',
  async setUp(context) {
    const { sources = [], defaultMode = DEFAULT_MODE } = context.volume.projected ?? {};
    const files = new Map<string, PayloadFile>();
    let renewAtMs = Infinity;
    for (const source of sources) {
      const part = await partOf(context, source, defaultMode);
      for (const [path, file] of part.payload) files.set(path, file);
      renewAtMs = Math.min(renewAtMs, part.renewAtMs);
    }
    return mountPayload(context, files, renewAtMs);
  },
};

async function partOf(context: VolumeContext, source: VolumeProjection, defaultMode: number): Promise<Part> {
  if (source.serviceAccountToken !== undefined)
    return tokenPart(context, source.serviceAccountToken, defaultMode);
  return { payload: objectPayload(context, source, defaultMode), renewAtMs: Infinity };
}

function objectPayload(context: VolumeContext, source: VolumeProjection, defaultMode: number): Payload {
  const { objects } = context;
  if (source.configMap !== undefined) {
    return configMapPayload(objects.configMap(source.configMap.name ?? ''), source.configMap, defaultMode);
  }
  if (source.secret !== undefined)
    return secretPayload(objects.secret(source.secret.name ?? ''), source.secret, defaultMode);
  if (source.downwardAPI !== undefined)
    return downwardPayload(context, source.downwardAPI.items ?? [], defaultMode);
  throw new StartError('FailedMount', 'a projected source of this kind is not supported on this host');
}

async function tokenPart(
  context: VolumeContext,
  projection: ServiceAccountTokenProjection,
  defaultMode: number,
): Promise<Part> {
  const { pod, clock } = context;
  const { audience = '', expirationSeconds = TOKEN_SECONDS_DEFAULT, path } = projection;
  const { token, expiresMs } = await context.requestToken({ pod, audience, expirationSeconds });
  const lifeMs = Math.max(0, expiresMs - clock.now());
  // Whole milliseconds: what waits for a part of one would wait again and again for the rest of it.
  const renewAtMs =
    clock.monotonic() + Math.floor(Math.min(lifeMs * TOKEN_RENEWAL_PART, TOKEN_RENEWAL_MS_MAX));
  return {
    payload: new Map([[safePath(path), { content: Buffer.from(token), mode: defaultMode }]]),
    renewAtMs,
  };
}
