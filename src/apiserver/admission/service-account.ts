import type { Container, EphemeralContainer } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import { type ServiceAccount, serviceAccountResource } from '#api/core/service-account.ts';
import type { Volume } from '#api/core/volume.ts';
import { forbidden } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { isMirrorPod, isPodCreation } from '#apiserver/admission/pod-requests.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';
import { type Clock, sleep } from '#system/clock.ts';
import { type Random, randomSuffix } from '#system/random.ts';

const DEFAULT_ACCOUNT = 'default';
const VOLUME_PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** How long a token in a pod lives, in seconds: an hour, and some time to be renewed in, as in Kubernetes. */
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;

/** How often the account of a new namespace, which a controller makes, is looked for again; then the pod is refused. */
const DEFAULT_ACCOUNT_ATTEMPTS_MAX = 10;
/** How long is waited between two looks, in milliseconds. */
const DEFAULT_ACCOUNT_RETRY_MS = 150;

export interface ServiceAccountOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Kubernetes' ServiceAccount admission: a pod runs as an account that exists, `default` where it names none; it gets the
 * account's pull secrets where it has none, and its token where neither of both is against that.
 */
export function serviceAccountAdmission(options: ServiceAccountOptions): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: isPodCreation,
    async mutate(request) {
      const pod = request.object as Pod;
      if (isMirrorPod(pod)) return;
      const { spec } = pod;
      if (!spec.serviceAccountName) spec.serviceAccountName = DEFAULT_ACCOUNT;
      spec.serviceAccount = spec.serviceAccountName;
      const target = { namespace: request.namespace ?? '', name: spec.serviceAccountName };
      const account = await findAccount(options, target);
      if (account === undefined) {
        const why = `error looking up service account ${target.namespace}/${target.name}: serviceaccount "${target.name}" not found`;
        throw forbidden({ resource: 'pods', name: request.name }, why);
      }
      if ((spec.imagePullSecrets?.length ?? 0) === 0 && account.imagePullSecrets !== undefined)
        spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
      const automounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
      if (automounts) mountToken(pod, options.random);
    },
  };
}

/** The account `default` of a namespace that was just made is waited for a moment. */
async function findAccount(
  { store, clock }: ServiceAccountOptions,
  name: { namespace: string; name: string },
): Promise<ServiceAccount | undefined> {
  const attempts = name.name === DEFAULT_ACCOUNT ? DEFAULT_ACCOUNT_ATTEMPTS_MAX : 1;
  for (let attempt = 1; ; attempt++) {
    const entry = await store.get(objectStoreKey(serviceAccountResource, name));
    if (entry !== undefined) return decodeObject<ServiceAccount>(entry.value);
    if (attempt >= attempts) return undefined;
    await sleep(clock, DEFAULT_ACCOUNT_RETRY_MS);
  }
}

/** Where a container has something at the token's place already, that stays. */
function mountToken({ spec }: Pod, random: Random): void {
  const volumes = spec.volumes ?? [];
  const existing = volumes.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  const name = existing?.name ?? `${VOLUME_PREFIX}${randomSuffix(random)}`;
  let isUsed = false;
  const containers: (Container | EphemeralContainer)[] = [...(spec.initContainers ?? []), ...spec.containers];
  for (const container of containers) {
    const mounts = container.volumeMounts ?? [];
    if (mounts.some(({ mountPath }) => mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [...mounts, { name, readOnly: true, mountPath: MOUNT_PATH }];
    isUsed = true;
  }
  if (isUsed && existing === undefined) spec.volumes = [...volumes, tokenVolume(name)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: FILE_MODE,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
