import type { Pod } from '#api/core/pod.ts';
import type { Sandbox } from '#cri/runtime.ts';
import { imageOf } from '#kubelet/annotations.ts';
import { type PodAction, startKey } from '#kubelet/plan/pod-action.ts';
import { crashDelayMs, formatDelay } from '#kubelet/plan/restart.ts';
import { isPresent, type Standing, standingOf, statusOf } from '#kubelet/plan/standing.ts';
import { containersOf, type PodContainer } from '#kubelet/pod-container.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';

/** Where to run what. */
interface Place {
  readonly pod: Pod;
  readonly sandbox: Sandbox;
}

/** Starts, restarts and stops the containers of a pod whose sandbox is up: init containers in order, then all others. */
export function planContainers(facts: PodFacts, place: Place): PodAction[] {
  const initialized = isInitialized(place.pod, facts);
  const actions: PodAction[] = [];
  for (const container of containersOf(place.pod)) {
    const standing = standingOf(place.pod, container, facts);
    if (container.role === 'init' && initialized) continue;
    actions.push(...planContainer(facts, place, { container, standing }));
    if (!initialized && !letsNextStart(facts, { container, standing })) break;
  }
  return actions;
}

/** Whether the init containers of the present sandbox are done: a main container exists in it, or all of them have ended well. */
export function isInitialized(pod: Pod, facts: PodFacts): boolean {
  const containers = containersOf(pod);
  const hasMain = facts.runtime.containers.some(
    (known) =>
      isPresent(known, facts.runtime) &&
      containers.some(({ role, spec }) => role === 'main' && spec.name === known.name),
  );
  if (hasMain) return true;
  return containers
    .filter(({ role }) => role === 'init' || role === 'sidecar')
    .every((container) => letsNextStart(facts, { container, standing: standingOf(pod, container, facts) }));
}

interface Situation {
  readonly container: PodContainer;
  readonly standing: Standing;
}

/** Whether what follows an init container may start: it has ended well, or, a sidecar, has started. */
function letsNextStart(facts: PodFacts, { container, standing }: Situation): boolean {
  switch (container.role) {
    case 'init':
      return (
        (standing.type === 'ended' && standing.exit.exitCode === 0) ||
        (standing.type === 'gone' && standing.exitCode === 0)
      );
    case 'sidecar':
      return (
        standing.type === 'running' &&
        isStarted(facts, { name: container.spec.name, id: standing.container.id })
      );
    case 'main':
    case 'ephemeral':
      return true;
  }
}

/** Whether a running container is over its start: its postStart hook and its startup probe. */
export function isStarted(
  facts: Pick<PodFacts, 'recollection'>,
  container: { name: string; id: string },
): boolean {
  const { operations, health } = facts.recollection;
  return !operations.has(startKey(container.name)) && (health.get(container.id)?.started ?? false);
}

function planContainer(facts: PodFacts, place: Place, situation: Situation): PodAction[] {
  const { standing } = situation;
  switch (standing.type) {
    case 'absent':
    case 'created':
      return planStart(facts, place, situation);
    case 'running':
      return planRunning(facts, place, { ...situation, standing });
    case 'restarting':
      return planRestart(facts, place, { ...situation, standing });
    case 'unknown':
      return stopRunning(facts, place, {
        id: standing.container.id,
        name: standing.container.name,
        why: 'the runtime does not know whether it runs',
      });
    case 'ended':
    case 'gone':
      return [];
  }
}

function planStart(facts: PodFacts, place: Place, { container, standing }: Situation): PodAction[] {
  const { spec, role } = container;
  return [
    {
      type: 'startContainer',
      name: spec.name,
      role,
      sandboxId: place.sandbox.id,
      ...startCount(facts, { container, standing }),
      why:
        standing.type === 'restarting'
          ? `it ended with exit code ${standing.exit.exitCode}`
          : 'it does not run yet',
    },
  ];
}

/** The attempt that a start makes, and the streak that it continues; a container that was only made is not made again. */
function startCount(
  facts: PodFacts,
  { container, standing }: Situation,
): { attempt: number; streak: number; createdId?: string } {
  if (standing.type === 'created')
    return { attempt: standing.container.attempt, streak: 0, createdId: standing.container.id };
  const newest = facts.runtime.containers.find((known) => known.name === container.spec.name);
  const streak = standing.type === 'restarting' ? standing.streak + 1 : 0;
  if (newest !== undefined) return { attempt: newest.attempt + 1, streak };
  const status = statusOf(facts.recollection.status, container.spec.name);
  return { attempt: status?.containerID === undefined ? 0 : status.restartCount + 1, streak };
}

function planRestart(
  facts: PodFacts,
  place: Place,
  situation: Situation & { standing: Extract<Standing, { type: 'restarting' }> },
): PodAction[] {
  const { container, standing } = situation;
  if (standing.waitMs <= 0) return planStart(facts, place, situation);
  return [
    {
      type: 'event',
      key: `back-off/${standing.container.id}`,
      eventType: 'Warning',
      reason: 'BackOff',
      message: `Back-off restarting failed container ${container.spec.name} in pod ${podLabel(place.pod)}`,
      why: `it is to wait ${formatDelay(crashDelayMs(standing.streak))} between restarts`,
    },
    { type: 'wait', untilMs: facts.monotonicMs + standing.waitMs, why: 'crash back-off' },
  ];
}

function planRunning(
  facts: PodFacts,
  place: Place,
  { container, standing }: Situation & { standing: Extract<Standing, { type: 'running' }> },
): PodAction[] {
  const { id, name } = standing.container;
  const made = imageOf(standing.container);
  if (made !== undefined && made !== container.spec.image && container.role !== 'ephemeral') {
    const message = `Container ${name} definition changed, will be restarted`;
    return stopRunning(facts, place, {
      id,
      name,
      message,
      redefined: true,
      why: `its image is now ${container.spec.image ?? ''}`,
    });
  }
  const ailment = facts.recollection.health.get(id)?.ailment;
  if (ailment === undefined) return [];
  const reason =
    ailment.type === 'postStart'
      ? 'FailedPostStartHook'
      : `Container ${name} failed ${ailment.type} probe, will be restarted`;
  return stopRunning(facts, place, {
    id,
    name,
    message: reason,
    why: reason,
    ...graceOf(ailment.graceSeconds),
  });
}

function graceOf(graceSeconds: number | undefined): { graceSeconds?: number } {
  return graceSeconds === undefined ? {} : { graceSeconds };
}

function stopRunning(
  facts: PodFacts,
  { pod }: Place,
  stop: {
    id: string;
    name: string;
    message?: string;
    redefined?: boolean;
    graceSeconds?: number;
    why: string;
  },
): PodAction[] {
  if (facts.recollection.operations.has(startKey(stop.name))) return [];
  const graceSeconds = stop.graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  return [
    {
      type: 'stopContainer',
      containerId: stop.id,
      name: stop.name,
      deadlineMs: facts.monotonicMs + graceSeconds * 1000,
      redefined: stop.redefined ?? false,
      ...(stop.message === undefined ? {} : { message: stop.message }),
      why: stop.why,
    },
  ];
}

/** `web_default(uid)`, as upstream's messages name a pod. */
export function podLabel(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`;
}
