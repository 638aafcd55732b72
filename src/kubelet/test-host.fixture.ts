import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { type Event, eventResource } from '#api/core/event.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { ContainerStatus } from '#api/core/pod-status.ts';
import type { ObjectMeta } from '#api/object.ts';
import { createControlPlane, ensureNamespaces } from '#apiserver/control-plane.ts';
import type { Client } from '#client/client.ts';
import { Views } from '#client/views.ts';
import type { Runtime } from '#cri/runtime.ts';
import { createKubelet, type Kubelet } from '#kubelet/kubelet.ts';
import { sourcesFromViews } from '#kubelet/sources.ts';
import type { MemoryMounts } from '#kubelet/volumes/volume.ts';
import { EventRecorder } from '#reconcile/event-recorder.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Clock } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import { type Log, silentLog } from '#system/log.ts';
import type { Prober } from '#system/probe.ts';
import type { Random } from '#system/random.ts';

/** The name of the host under test. */
export const NODE = 'host-1';

/** What the host under test is made of: simulated or real. */
export interface TestHostParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly mounts: MemoryMounts;
  readonly prober: Prober;
  readonly runtime: Runtime;
  readonly dataFolder: string;
  readonly log?: Log;
  /** Lets time pass. */
  readonly advance: (durationMs: number) => Promise<void>;
}

/** A host: an API server, a runtime, and a kubelet that can be killed and started anew. */
export interface TestHost {
  readonly client: Client;
  readonly kubelet: Kubelet;
  /** Writes that reached the API server, `patch pods/status` and the like; to be cleared at will. */
  readonly writes: string[];
  /** Answers of the API server are held back while this is true: every request fails. */
  isServerDown: boolean;
  /** Kills the agent: nothing of it goes on. */
  kill(): void;
  /** Starts a new agent that knows nothing of the old. */
  start(): void;
  createPod(name: string, spec: Partial<PodSpec>, metadata?: Partial<ObjectMeta>): Promise<Pod>;
  putConfigMap(name: string, data: Record<string, string>): Promise<ConfigMap>;
  pod(name: string): Promise<Pod | undefined>;
  deletePod(name: string, gracePeriodSeconds?: number): Promise<void>;
  /** Lets time pass until the pod is as wanted; throws after a minute, or `limitMs`, with how it is. */
  until(name: string, holds: (pod: Pod | undefined) => boolean, limitMs?: number): Promise<void>;
  /** `Reason: message` of all events about a pod, the first first. */
  events(name: string): Promise<string[]>;
  log(
    name: string,
    options?: { container?: string; previous?: boolean; follow?: boolean; tailLines?: number },
  ): Promise<string>;
  end(): Promise<void>;
}

const UNTIL_STEP_MS = 100;

/** Starts a host with nothing on it. */
export async function startTestHost(parts: TestHostParts): Promise<TestHost> {
  const { clock, random, advance } = parts;
  const log = parts.log ?? silentLog;
  const store = await openMemoryStore({ log: createMemoryLog() });
  const plane = createControlPlane({ store, types: BUILTIN_RESOURCES, clock, random, log });
  const planeStop = new AbortController();
  void plane.views.run(planeStop.signal);
  await ensureNamespaces(plane.client, ['default']);
  const client = plane.client;
  const writes: string[] = [];
  let stop = new AbortController();

  const start = (): Kubelet => {
    stop = new AbortController();
    const own = agentClient(client, { writes, isDown: () => host.isServerDown, signal: stop.signal });
    const views = new Views(own, { clock, random, log });
    const kubelet = createKubelet({
      ...parts,
      log,
      client: own,
      sources: sourcesFromViews(views),
      events: new EventRecorder({ client: own, clock, random, log, eventType: eventResource }),
      runtime: killable(parts.runtime, stop.signal),
      requestToken: async ({ audience }) => ({
        token: `token-for-${audience}`,
        expiresMs: clock.now() + 3600_000,
      }),
      nodeName: NODE,
      hostAddress: '192.0.2.1',
      labels: { 'topology.kubernetes.io/zone': 'north' },
      machine: {
        capacity: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '64Gi', pods: '110' },
        allocatable: { cpu: '4', memory: '7Gi', 'ephemeral-storage': '60Gi', pods: '110' },
        architecture: 'amd64',
        kernelVersion: '6.18.0',
        osImage: 'Test',
        machineId: 'machine',
        systemUuid: 'system',
        bootId: 'boot',
      },
      dns: { serverAddresses: ['10.43.0.10'], domain: 'cluster.local' },
      cgroupParent: '',
    });
    void views.run(stop.signal);
    void kubelet.run(stop.signal);
    return kubelet;
  };

  const nameOf = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });
  const find = (name: string): Promise<Pod | undefined> => client.find(podResource, nameOf(name));
  let kubelet: Kubelet | undefined;
  const host: TestHost = {
    client,
    get kubelet() {
      if (kubelet === undefined) throw new Error('the agent has not been started');
      return kubelet;
    },
    writes,
    isServerDown: false,
    kill: () => stop.abort(new Error('killed')),
    start: () => {
      kubelet = start();
    },
    createPod: (name, spec, metadata = {}) =>
      client.create(podResource, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', ...metadata },
        spec: { nodeName: NODE, containers: [{ name: 'main', image: 'nginx:1.28' }], ...spec },
      }),
    async putConfigMap(name, data) {
      const draft = { apiVersion: 'v1' as const, kind: 'ConfigMap' as const, metadata: nameOf(name), data };
      const found = await client.find(configMapResource, nameOf(name));
      if (found === undefined) return client.create(configMapResource, draft);
      return client.update(configMapResource, { ...found, data });
    },
    pod: find,
    async deletePod(name, gracePeriodSeconds) {
      await client.delete(
        podResource,
        nameOf(name),
        gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
      );
    },
    async until(name, holds, limitMs = 60_000) {
      for (let spentMs = 0; !holds(await find(name)); spentMs += UNTIL_STEP_MS) {
        if (spentMs > limitMs) {
          const found = JSON.stringify((await find(name))?.status, undefined, 1);
          throw new Error(`not within ${limitMs} ms: ${found}\n${(await host.events(name)).join('\n')}`);
        }
        await advance(UNTIL_STEP_MS);
      }
    },
    async events(name) {
      const { items } = await client.list<Event>(eventResource, { namespace: 'default' });
      return items
        .filter((event) => event.involvedObject.name === name)
        .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map((event) => `${event.reason}: ${event.message}`);
    },
    async log(name, { container = 'main', previous = false, follow = false, tailLines } = {}) {
      const pod = await client.get(podResource, nameOf(name));
      const options = {
        container,
        previous,
        follow,
        timestamps: false,
        ...(tailLines === undefined ? {} : { tailLines }),
      };
      let text = '';
      for await (const piece of host.kubelet.access.logs(pod, options, stop.signal))
        text += Buffer.from(piece).toString('utf8');
      return text;
    },
    async end() {
      stop.abort(new Error('the test is over'));
      planeStop.abort(new Error('the test is over'));
      await advance(0);
    },
  };
  host.start();
  return host;
}

/** The agent's own way to the API server: it notes each write, and fails while the server is down or the agent dead. */
function agentClient(
  client: Client,
  state: { writes: string[]; isDown: () => boolean; signal: AbortSignal },
): Client {
  const noted = (write: string): void => {
    if (state.isDown()) throw new Error('the API server does not answer');
    state.writes.push(write);
  };
  const guarded: Client = {
    ...client,
    get: async (type, name) => {
      if (state.isDown()) throw new Error('the API server does not answer');
      return client.get(type, name);
    },
    find: async (type, name) => {
      if (state.isDown()) throw new Error('the API server does not answer');
      return client.find(type, name);
    },
    create: async (type, object, options) => {
      noted(`create ${type.plural}`);
      return client.create(type, object, options);
    },
    patch: async (type, name, options) => {
      noted(`patch ${type.plural}${options.subresource === undefined ? '' : `/${options.subresource}`}`);
      return client.patch(type, name, options);
    },
    delete: async (type, name, options) => {
      noted(`delete ${type.plural}`);
      return client.delete(type, name, options);
    },
  };
  return killable(guarded, state.signal);
}

/** Requests of a killed agent that have not been sent yet never are. */
function killable<T extends object>(target: T, signal: AbortSignal): T {
  return new Proxy(target, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (signal.aborted) return new Promise(() => undefined);
        return Reflect.apply(value, object, args) as unknown;
      };
    },
  });
}

/** Whether a pod is ready. */
export function isReady(pod: Pod | undefined): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Whether there is no such pod. */
export function isGone(pod: Pod | undefined): boolean {
  return pod === undefined;
}

/** The status of one of a pod's containers. */
export function containerStatusOf(pod: Pod | undefined, name = 'main'): ContainerStatus | undefined {
  const all = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
  return all.find((known) => known.name === name);
}

/** Why a container waits. */
export function waitingReason(pod: Pod | undefined, name = 'main'): string | undefined {
  return containerStatusOf(pod, name)?.state?.waiting?.reason;
}

/** `True`, `False` or `Unknown`. */
export function condition(pod: Pod | undefined, type: string): string | undefined {
  return pod?.status?.conditions?.find((known) => known.type === type)?.status;
}
