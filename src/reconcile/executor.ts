import type { KubeObject } from '#api/object.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';
import { isStatus, type StatusError } from '#api/status.ts';
import { type Client, collectionPath } from '#client/client.ts';
import type { Action, Controller, ObjectIdentity, Write } from '#reconcile/controller.ts';
import type { EventRecorder } from '#reconcile/event-recorder.ts';
import { assert, unreachable } from '#system/assert.ts';

/** What came of a plan. */
export interface Outcome {
  /** The newest revision that its writes made, by resource. */
  readonly written: ReadonlyMap<string, string>;
  /** When to look again; undefined where nothing asked for it. */
  readonly requeueAfterMs: number | undefined;
  /** The first failure, which ended the plan; undefined where all of it was done. */
  readonly failure: Error | undefined;
}

export interface ExecutorOptions {
  readonly client: Client;
  readonly events: EventRecorder;
  /** The resource type of pods, for `bind`. */
  readonly podType: ResourceType<never> | ResourceType;
}

/** Most writes of one plan that are under way at the same time. */
const BATCH_MAX = 64;

/** One write with the events that tell of it; or events alone. */
interface Step {
  readonly write: WriteAction | undefined;
  readonly events: readonly EventAction[];
}

/**
 * Carries out a plan in its order. Neighbours that create, delete or bind objects of one kind go out together, in batches
 * that double from one, so that what the server refuses is refused a few times and not a thousand times. The first failure
 * ends the plan once its batch is through: the key is planned again from what is there then. An action that the controller
 * did not declare is a programmer's error and throws before anything is done.
 */
export async function execute(
  controller: Pick<Controller<never>, 'name' | 'writes'>,
  actions: readonly Action[],
  options: ExecutorOptions,
): Promise<Outcome> {
  for (const action of actions) assertDeclared(controller, action, options.podType);
  const execution: Execution = { controller, options, written: new Map(), failure: undefined };
  for (const run of runsOf(stepsOf(actions), options.podType)) {
    for (
      let start = 0, size = 1;
      start < run.length && execution.failure === undefined;
      start += size, size = Math.min(2 * size, BATCH_MAX)
    ) {
      await Promise.all(run.slice(start, start + size).map((step) => executeStep(execution, step)));
    }
  }
  return { written: execution.written, requeueAfterMs: requeueOf(actions), failure: execution.failure };
}

interface Execution {
  readonly controller: Pick<Controller<never>, 'name' | 'writes'>;
  readonly options: ExecutorOptions;
  readonly written: Map<string, string>;
  failure: Error | undefined;
}

function requeueOf(actions: readonly Action[]): number | undefined {
  const times = actions.flatMap((action) => (action.type === 'requeue' ? [action.afterMs] : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Each write takes the events that follow it along: they are told only where it was done. */
function stepsOf(actions: readonly Action[]): Step[] {
  const steps: { write: WriteAction | undefined; events: EventAction[] }[] = [];
  for (const action of actions) {
    if (action.type === 'requeue') continue;
    const last = steps.at(-1);
    if (action.type !== 'event') steps.push({ write: action, events: [] });
    else if (last === undefined) steps.push({ write: undefined, events: [action] });
    else last.events.push(action);
  }
  return steps;
}

/** Neighbours that may go out together; anything else is a run of its own. */
function runsOf(steps: readonly Step[], podType: Write['type']): Step[][] {
  const runs: Step[][] = [];
  let last = '';
  for (const step of steps) {
    const together = step.write !== undefined && ['create', 'delete', 'bind'].includes(step.write.type);
    const group =
      together && step.write !== undefined
        ? `${step.write.type} ${resourceName(targetOf(step.write, podType))}`
        : '';
    if (group !== '' && group === last) runs.at(-1)?.push(step);
    else runs.push([step]);
    last = group;
  }
  return runs;
}

async function executeStep(execution: Execution, step: Step): Promise<void> {
  const { controller, options } = execution;
  try {
    if (step.write !== undefined) await executeWrite(execution, step.write);
    for (const event of step.events) options.events.record(controller.name, event);
  } catch (error) {
    execution.failure ??= error instanceof Error ? error : new Error('a write failed', { cause: error });
  }
}

async function executeWrite(execution: Execution, action: WriteAction): Promise<void> {
  const { controller, options, written } = execution;
  try {
    const version = await write(controller.name, action, options);
    const resource = resourceName(targetOf(action, options.podType));
    if (version !== undefined && Number(version) > Number(written.get(resource) ?? 0))
      written.set(resource, version);
  } catch (error) {
    const refused = 'refused' in action ? action.refused : undefined;
    if (refused !== undefined && isRefusal(error)) {
      const actions = refused(error.message);
      for (const each of actions) assertDeclared(controller, each, options.podType);
      for (const step of stepsOf(actions)) await executeStep(execution, step);
    }
    throw error;
  }
}

/** The server's word on the request itself, which another try will not change. */
function isRefusal(error: unknown): error is StatusError {
  return (
    isStatus(error, 'Forbidden') ||
    isStatus(error, 'Invalid') ||
    isStatus(error, 'BadRequest') ||
    isStatus(error, 'NotFound')
  );
}

type EventAction = Extract<Action, { type: 'event' }>;
type WriteAction = Exclude<Action, { type: 'event' | 'requeue' }>;

/** The resourceVersion that a write made; undefined where the object had gone, which is what a later plan will see. */
async function write(
  manager: string,
  action: WriteAction,
  options: ExecutorOptions,
): Promise<string | undefined> {
  const { client } = options;
  switch (action.type) {
    case 'create':
      return versionOf(
        await client.create(action.resource as ResourceType, action.object, { fieldManager: manager }),
      );
    case 'patch':
    case 'patchStatus': {
      const subresource = action.type === 'patchStatus' ? { subresource: 'status' } : {};
      const patch = {
        patchType: 'merge' as const,
        patch: action.patch,
        fieldManager: manager,
        ...subresource,
      };
      return unlessGone(client.patch(action.resource as ResourceType, action.name, patch));
    }
    case 'delete': {
      for (const identity of action.unless ?? []) if (await isThere(client, identity)) return undefined;
      const grace =
        action.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: action.gracePeriodSeconds };
      const { uid, propagationPolicy = 'Background' } = action;
      const how = { preconditions: { uid }, propagationPolicy, ...grace };
      return unlessGone(client.delete(action.resource as ResourceType, action.name, how));
    }
    case 'deleteCollection':
      await client.raw({
        method: 'DELETE',
        path: `${collectionPath(action.resource, action.namespace)}?propagationPolicy=Background`,
      });
      return undefined;
    case 'finalize':
      return unlessGone(client.finalize(action.resource as ResourceType, action.name));
    case 'bind': {
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: action.pod.name, namespace: action.pod.namespace, uid: action.uid },
        target: { apiVersion: 'v1', kind: 'Node', name: action.node },
      };
      const status = await client.createSubresource(options.podType as ResourceType, action.pod, {
        subresource: 'binding',
        body,
      });
      return (status as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;
    }
    default:
      return unreachable(action);
  }
}

async function unlessGone(writing: Promise<KubeObject | undefined>): Promise<string | undefined> {
  try {
    const written = await writing;
    return written && versionOf(written);
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function isThere(client: Client, { resource, name, uid }: ObjectIdentity): Promise<boolean> {
  const found = await client.find(resource as ResourceType, name);
  return found !== undefined && (uid === undefined || found.metadata.uid === uid);
}

function versionOf(object: KubeObject): string {
  return object.metadata.resourceVersion;
}

function targetOf(action: WriteAction, podType: Write['type']): Write['type'] {
  return action.type === 'bind' ? podType : action.resource;
}

function assertDeclared(
  controller: Pick<Controller<never>, 'name' | 'writes'>,
  action: Action,
  podType: Write['type'],
): void {
  if (action.type === 'event' || action.type === 'requeue') return;
  const target = resourceName(targetOf(action, podType));
  const declared = controller.writes.some(
    (write) => resourceName(write.type) === target && write.verbs.includes(action.type),
  );
  assert(declared, `controller ${controller.name} did not declare that it may ${action.type} ${target}`);
}
