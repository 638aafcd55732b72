import type { Event } from '#api/core/event.ts';
import { type KubeObject, objectKey } from '#api/object.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';
import { isStatus } from '#api/status.ts';
import type { Client, ObjectName } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import type { Controller, Lookup, Read, Snapshot } from '#reconcile/controller.ts';
import { EventRecorder } from '#reconcile/event-recorder.ts';
import { type ExecutorOptions, execute, type Outcome } from '#reconcile/executor.ts';
import { WorkQueue } from '#reconcile/work-queue.ts';
import { assert } from '#system/assert.ts';
import { type Backoff, createBackoff } from '#system/backoff.ts';
import { type Clock, createNap, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** Keys of one controller that are worked on at the same time, where it does not say. */
const CONCURRENT_KEYS_MAX = 8;

/** Wait before a failed key is tried again, first and longest, in milliseconds. */
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 60_000;

/** How long a plan waits for its own earlier writes to come back through the watch before it goes on without, in milliseconds. */
const READ_OWN_WRITES_MS = 10_000;

/** For a view that is there already: asks for no more of its objects than it holds. */
const METADATA = { metadataOnly: true };

const always = (): boolean => true;

export interface RunnerOptions {
  readonly client: Client;
  readonly views: Views;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly podType: ResourceType<never> | ResourceType;
  readonly eventType: ResourceType<Event>;
  /** Resolves when this process may act, or `signal` aborts; until then keys gather. Always where absent. */
  readonly whenLeading?: (signal: AbortSignal) => Promise<void>;
}

/** A controller that takes its turn when asked to: what a test, a preview or the runner drives. */
export interface RunningController {
  readonly name: string;
  readonly queue: WorkQueue;
  run(signal: AbortSignal): Promise<void>;
  /**
   * Takes a further kind in, whose view has its first list, where the controller deals with all kinds; the returned function
   * lets go of it.
   */
  follow(type: ResourceType): () => void;
}

/**
 * Wires a controller to the shared views. All controllers are to be started before {@link Views.run}, so that each view is
 * there in time.
 */
export function startController<T extends KubeObject>(
  controller: Controller<T>,
  options: RunnerOptions,
): RunningController {
  const queue = new WorkQueue(options.clock);
  const primary = options.views.of(controller.for, controller);
  // What it declares may grow while it runs.
  const reads = [...controller.reads];
  const writes = [...controller.writes];
  const running: Controller<T> = { ...controller, reads, writes };
  const lookup = declaredLookup(running, options.views);
  const { wakes: isWorthPlan = always } = controller;
  const leave = primary.subscribe((change) => {
    if (isWorthPlan(change)) queue.add(change.key);
  });
  for (const object of primary.list())
    if (isWorthPlan({ object, previous: undefined })) queue.add(objectKey(object));
  const subscribe = (declared: Read): (() => void) => {
    const { concerns, wakes = always } = declared;
    const view = options.views.of(declared.type, declared);
    const enqueue = (state: KubeObject): void => {
      for (const key of concerns(state, lookup)) queue.add(key);
    };
    for (const object of view.list()) enqueue(object);
    return view.subscribe(({ object, previous }) => {
      if (!wakes({ object, previous })) return;
      if (previous !== undefined) enqueue(previous);
      if (object !== undefined) enqueue(object);
    });
  };
  const subscriptions = new Set(reads.map(subscribe));
  return {
    name: controller.name,
    queue,
    async run(signal) {
      await work({ controller: running, queue, primary, lookup, options }, signal);
      leave();
      for (const end of subscriptions) end();
    },
    follow(type) {
      const { laterKinds } = controller;
      if (laterKinds === undefined) return () => undefined;
      const read = laterKinds.read(type);
      const write = laterKinds.write(type);
      reads.push(read);
      writes.push(write);
      const end = subscribe(read);
      subscriptions.add(end);
      return () => {
        end();
        subscriptions.delete(end);
        reads.splice(reads.indexOf(read), 1);
        writes.splice(writes.indexOf(write), 1);
      };
    },
  };
}

interface Work<T extends KubeObject> {
  readonly controller: Controller<T>;
  readonly queue: WorkQueue;
  readonly primary: View<T>;
  readonly lookup: Lookup;
  readonly options: RunnerOptions;
}

async function work<T extends KubeObject>(task: Work<T>, signal: AbortSignal): Promise<void> {
  const { queue, options } = task;
  const close = (): void => queue.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  while (!isSynced(task) && !signal.aborted) await pause(options.clock, 20, signal);
  const events = new EventRecorder(options);
  const backoffs = new Map<string, Backoff>();
  const worker = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        await options.whenLeading?.(signal);
        if (signal.aborted) return;
        const outcome = await planAndExecute(task, key, {
          client: options.client,
          events,
          podType: options.podType,
        });
        await readOwnWrites(task, outcome, signal);
        if (outcome.failure !== undefined) throw outcome.failure;
        backoffs.delete(key);
        if (outcome.requeueAfterMs !== undefined) queue.addAfter(key, outcome.requeueAfterMs);
      } catch (error) {
        if (!signal.aborted) retry(task, { key, error, backoffs });
      } finally {
        queue.done(key);
      }
    }
  };
  const concurrentKeys = task.controller.concurrentKeysMax ?? CONCURRENT_KEYS_MAX;
  await Promise.all(Array.from({ length: concurrentKeys }, worker));
}

/** Whether everything that a controller reads has its first list in. */
function isSynced<T extends KubeObject>({ controller, primary, options }: Work<T>): boolean {
  return primary.synced && controller.reads.every((read) => options.views.of(read.type, read).synced);
}

async function planAndExecute<T extends KubeObject>(
  task: Work<T>,
  key: string,
  executor: ExecutorOptions,
): Promise<Outcome> {
  const { controller, primary, lookup, options } = task;
  const snapshot: Snapshot<T> = { ...lookup, name: nameOfKey(controller.for, key), object: primary.get(key) };
  const actions = controller.plan(snapshot, options.clock.now());
  for (const action of actions) {
    if (action.type !== 'requeue') {
      options.log.debug('plan', { controller: controller.name, key, action: action.type, why: action.why });
    }
  }
  return execute(controller, actions, executor);
}

/**
 * A conflict is the ordinary way to learn of a newer state, and nothing is made in a namespace that is going: tried again soon, and
 * not worth a warning.
 */
function retry<T extends KubeObject>(
  task: Work<T>,
  failed: { key: string; error: unknown; backoffs: Map<string, Backoff> },
): void {
  const { controller, options, queue } = task;
  const { key, error, backoffs } = failed;
  const backoff =
    backoffs.get(key) ?? createBackoff(options.random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
  backoffs.set(key, backoff);
  const expected = isStatus(error, 'Conflict') || isStatus(error, 'AlreadyExists') || isNamespaceGoing(error);
  options.log[expected ? 'debug' : 'warn']('a plan failed and will be tried again', {
    controller: controller.name,
    key,
    error,
  });
  queue.addAfter(key, backoff.next());
}

function isNamespaceGoing(error: unknown): boolean {
  if (!isStatus(error, 'Forbidden')) return false;
  return error.details.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
}

/** The next plan of a key must see what the last one wrote, else it would do it twice. */
async function readOwnWrites<T extends KubeObject>(
  task: Work<T>,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<void> {
  const { controller, options } = task;
  if (outcome.written.size === 0) return;
  const read = [
    controller.for as unknown as ResourceType,
    ...controller.reads.map((declared) => declared.type),
  ];
  const waits = read.flatMap((type) => {
    const version = outcome.written.get(resourceName(type));
    return version === undefined ? [] : [options.views.of(type, METADATA).caughtUp(version)];
  });
  if (waits.length === 0) return;
  const limit = createNap(options.clock);
  void Promise.all(waits).then(() => limit.wake());
  await limit.rest(READ_OWN_WRITES_MS, signal);
}

function declaredLookup<T extends KubeObject>(controller: Controller<T>, views: Views): Lookup {
  const isDeclared = (type: ResourceType<never> | ResourceType): boolean =>
    [controller.for, ...controller.reads.map((each) => each.type)].some(
      (each) => resourceName(each) === resourceName(type),
    );
  // Asked for several times with every change of every object: by the type itself once it is known to be declared.
  const checked = new WeakMap<object, View<KubeObject>>();
  const viewOf = <R extends KubeObject>(type: ResourceType<R>): View<R> => {
    const known = checked.get(type);
    if (known !== undefined) return known as unknown as View<R>;
    assert(
      isDeclared(type as ResourceType<never>),
      `controller ${controller.name} did not declare that it reads ${resourceName(type)}`,
    );
    const view = views.of(type, METADATA);
    checked.set(type, view as unknown as View<KubeObject>);
    return view;
  };
  return {
    list: (type, scope) => viewOf(type).list(scope),
    index: (index) => viewOf(index.type).index(index),
    get: (type, name) =>
      viewOf(type).get(objectKey({ metadata: name as { name: string; namespace?: string } })),
  };
}

function nameOfKey(type: { namespaced: boolean }, key: string): ObjectName {
  const slash = key.indexOf('/');
  return type.namespaced && slash > 0
    ? { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
    : { name: key };
}
