import type { Pod } from '#api/core/pod.ts';
import type { KubeObject } from '#api/object.ts';
import { quantityUnits, readQuantity } from '#api/quantity.ts';
import type { PodAccess } from '#apiserver/pod-access.ts';
import type { ViewChange } from '#client/view.ts';
import { collectImages, neededImages } from '#kubelet/images/image-collection.ts';
import { createImagePuller } from '#kubelet/images/image-puller.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import type { KubeletOptions } from '#kubelet/kubelet-options.ts';
import { rotateLogs } from '#kubelet/logs/log-rotation.ts';
import { readMachineUsage } from '#kubelet/node/machine.ts';
import { NodeWriter } from '#kubelet/node/node-writer.ts';
import { Operations } from '#kubelet/operations/operations.ts';
import { createPodAccess } from '#kubelet/pod-access.ts';
import { type PodPaths, podPaths, uidOfLogFolder } from '#kubelet/pod-paths.ts';
import { PodSync } from '#kubelet/pod-sync.ts';
import { ProbeRunner } from '#kubelet/probes/probe-runner.ts';
import { RuntimeObserver } from '#kubelet/runtime-observer.ts';
import { StatusWriter } from '#kubelet/status/status-writer.ts';
import { WorkQueue } from '#reconcile/work-queue.ts';
import { pause } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';

/** Pods that are planned at the same time. A plan is short: what takes long are operations, which have limits of their own. */
const CONCURRENT_SYNCS_MAX = 8;

/** Every pod is looked at again after this time, in milliseconds, even where nothing says that it has changed. */
const RESYNC_MS = 60_000;

/** Wait before a pod is looked at again whose plan has thrown, in milliseconds. */
const SYNC_RETRY_MS = 5000;

const SYNCED_POLL_MS = 20;

/** What the tmpfs for volumes made of API objects may hold, in bytes; it takes only what is in it. */
const MEMORY_FOLDER_BYTES_MAX = 256 * 1024 * 1024;

/** The agent of one host: its node, and the pods that are bound to it. */
export interface Kubelet {
  /** The way into its pods, for the API server. */
  readonly access: PodAccess;
  /**
   * Runs until `signal` aborts, then leaves everything as it is: containers run on, and the next kubelet takes them over.
   * Never rejects.
   */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * A kubelet over a container runtime. To be made before the views behind its sources run. Pods are stopped only when their
 * objects say so, or are found to be gone by asking: never because an API server or a runtime does not answer.
 */
export function createKubelet(options: KubeletOptions): Kubelet {
  const { clock, log } = options;
  const host = hostOf(options);
  const queue = new WorkQueue(clock);
  const enqueue = (uid: string): void => queue.add(uid);
  const node: NodeWriter = new NodeWriter({
    ...options,
    facts: options,
    availability: () => observer.availability,
    measure: () => readMachineUsage(options.disk, options.dataFolder),
  });
  const observer: RuntimeObserver = new RuntimeObserver({
    ...options,
    onChange: enqueue,
    onAvailability: () => {
      node.look();
      enqueueAll();
    },
    isBusy: () => [...pods.memories].some(({ operations }) => operations.size > 0),
  });
  const operations = new Operations({ host, onEnd: (uid) => observer.expire(uid) });
  const probes = new ProbeRunner(host, enqueue);
  const statuses = new StatusWriter({ ...options, onChange: enqueue });
  const pods = new PodSync({
    host,
    queue,
    observer,
    operations,
    probes,
    statuses,
    registeredAt: () => node.registeredAt,
  });

  const enqueueAll = (): void => {
    for (const pod of ownPods(options)) queue.add(pod.metadata.uid);
    for (const { uid } of pods.memories) queue.add(uid);
    for (const uid of observer.uids) queue.add(uid);
  };
  subscribe(options, { pods, enqueue });

  const work = async (signal: AbortSignal): Promise<void> => {
    for (let uid = await queue.take(); uid !== undefined; uid = await queue.take()) {
      try {
        await pods.sync(uid);
      } catch (error) {
        if (!signal.aborted) log.error('a pod could not be planned', { uid, error });
        queue.addAfter(uid, SYNC_RETRY_MS);
      } finally {
        queue.done(uid);
      }
    }
  };

  const syncPods = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && !areSynced(options)) await pause(clock, SYNCED_POLL_MS, signal);
    for (const uid of await uidsOnDisk(options.disk, host.paths)) queue.add(uid);
    const resync = async (): Promise<void> => {
      while (!signal.aborted) {
        enqueueAll();
        await pause(clock, RESYNC_MS, signal);
      }
    };
    await Promise.all([resync(), ...Array.from({ length: CONCURRENT_SYNCS_MAX }, () => work(signal))]);
  };

  return {
    access: createPodAccess({ host, observer }),
    async run(signal) {
      signal.addEventListener('abort', () => queue.close(), { once: true });
      await mountMemoryFolder(host);
      await Promise.all([
        observer.run(signal),
        node.run(signal),
        syncPods(signal),
        rotateLogs({ host, containers: () => observer.containers }, signal),
        collectImages({ host, needed: () => neededImages(observer.containers, ownPods(options)) }, signal),
      ]);
      probes.stop();
    },
  };
}

function ownPods({ sources, nodeName }: KubeletOptions): Pod[] {
  return sources.pods.list().filter(({ spec }) => spec.nodeName === nodeName);
}

function hostOf(options: KubeletOptions): KubeletHost {
  const { events, machine, runtime, clock, dataFolder } = options;
  const memory = readQuantity(machine.capacity.memory);
  return {
    ...options,
    images: createImagePuller(runtime, clock),
    announce: (pod, event) => events.record('kubelet', { regarding: pod, ...event }),
    paths: podPaths(dataFolder),
    memoryBytes: memory === undefined ? 0 : quantityUnits(memory),
    allocatable: machine.allocatable,
  };
}

/** Changes of objects make the pods that they concern be planned again. */
function subscribe(
  { sources, nodeName }: KubeletOptions,
  { pods, enqueue }: { pods: PodSync; enqueue: (uid: string) => void },
): void {
  sources.pods.subscribe(({ object, previous }: ViewChange<Pod>) => {
    for (const pod of [previous, object]) {
      if (pod === undefined || pod.spec.nodeName !== nodeName) continue;
      if (pod === object) pods.meet(pod);
      enqueue(pod.metadata.uid);
    }
  });
  const concern = ({ object, previous }: ViewChange<KubeObject>): void => {
    const namespace = (object ?? previous)?.metadata.namespace;
    for (const memory of pods.memories) {
      if (
        memory.pod === undefined ||
        (namespace !== undefined && memory.pod.metadata.namespace !== namespace)
      )
        continue;
      for (const [key, { reason }] of memory.failures)
        if (WAITS_FOR_OBJECTS.has(reason)) memory.failures.delete(key);
      enqueue(memory.uid);
    }
  };
  for (const source of [sources.configMaps, sources.secrets, sources.claims, sources.persistentVolumes])
    source.subscribe(concern);
}

/** Failures that a new object may end. */
const WAITS_FOR_OBJECTS: ReadonlySet<string> = new Set(['FailedMount', 'CreateContainerConfigError']);

function areSynced({ sources }: KubeletOptions): boolean {
  return Object.values(sources).every((source) => source.synced);
}

/** Pods of which this host has files: a pod that was removed while we were away has left some. */
async function uidsOnDisk(disk: Disk, paths: PodPaths): Promise<Set<string>> {
  const logFolders = await disk.list(paths.logs);
  const uids = [
    ...(await disk.list(paths.volumes)),
    ...(await disk.list(paths.memory)),
    ...logFolders.map(uidOfLogFolder),
  ];
  return new Set(uids.filter((uid) => uid !== undefined));
}

async function mountMemoryFolder({ disk, mounts, paths, log }: KubeletHost): Promise<void> {
  try {
    await disk.makeFolder(paths.memory);
    if (await mounts.mount(paths.memory, { sizeBytes: MEMORY_FOLDER_BYTES_MAX, mode: 0o700 })) return;
    log.info('secrets in volumes are kept on the disk: no tmpfs may be mounted here', {
      folder: paths.memory,
    });
  } catch (error) {
    log.warn('the folder for volumes made of API objects could not be made', { folder: paths.memory, error });
  }
}
