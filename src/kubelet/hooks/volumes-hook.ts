import type { Volume } from '#api/core/volume.ts';
import type { PodContext, PodHook, PodRemains } from '#kubelet/hooks/pod-hook.ts';
import { volumeObjectsOf } from '#kubelet/sources.ts';
import { StartError } from '#kubelet/start-error.ts';
import type { MountedVolume } from '#kubelet/volumes/volume.ts';
import { kindOf, VOLUME_KINDS } from '#kubelet/volumes/volume-kinds.ts';
import { describeError } from '#system/log.ts';

/** When a volume is set up again that could only be kept as it was, in milliseconds. */
const KEPT_RETRY_MS = 600_000;

/**
 * The pod's volumes. A volume that fails keeps the pod from starting, with an event; one that was set up before keeps what
 * it held, so that a pod which runs already runs on when an object that it was made from is gone.
 */
export const volumesHook: PodHook = {
  name: 'volumes',
  async setUp(context, prepared) {
    const volumes = new Map(prepared.volumes);
    for (const volume of context.pod.spec.volumes ?? []) {
      context.signal.throwIfAborted();
      volumes.set(volume.name, await setUp(context, volume));
    }
    const renewals = [...volumes.values()].map(({ renewAtMs }) => renewAtMs);
    return { volumes, renewAtMs: Math.min(prepared.renewAtMs, ...renewals) };
  },
  async release(remains) {
    await release(remains);
  },
  async remove(remains) {
    await release(remains);
  },
};

async function setUp(context: PodContext, volume: Volume): Promise<MountedVolume> {
  const { host, pod } = context;
  const objects = volumeObjectsOf(host.sources, pod.metadata.namespace ?? '');
  try {
    return await kindOf(volume).setUp({ ...host, pod, volume, objects });
  } catch (error) {
    const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${describeError(error)}`;
    host.announce(pod, { eventType: 'Warning', reason: 'FailedMount', message });
    const kept = await keptVolume(context, volume);
    if (kept !== undefined) return kept;
    throw new StartError('FailedMount', message, { cause: error });
  }
}

/** What was made of API objects before, where it still stands. */
async function keptVolume({ host, pod }: PodContext, volume: Volume): Promise<MountedVolume | undefined> {
  const hostPath = host.paths.memoryFolder(pod.metadata.uid, volume.name);
  if ((await host.disk.stat(hostPath)) === undefined) return undefined;
  return { hostPath, readOnly: true, isDevice: false, renewAtMs: host.clock.monotonic() + KEPT_RETRY_MS };
}

async function release({ host, uid }: PodRemains): Promise<void> {
  const { paths, disk, mounts } = host;
  for (const name of await disk.list(`${paths.volumes}/${uid}`)) {
    for (const kind of VOLUME_KINDS) await kind.tearDown?.({ mounts, paths }, { uid, name });
  }
  await disk.remove(`${paths.volumes}/${uid}`);
  await disk.remove(`${paths.memory}/${uid}`);
}
