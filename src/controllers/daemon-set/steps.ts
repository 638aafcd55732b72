import type { Pod } from '#api/core/pod.ts';
import { isAvailable, isUpdated, type Place, type Situation } from '#controllers/daemon-set/situation.ts';
import { resolveIntOrPercent } from '#controllers/int-or-percent.ts';
import { isPodTerminal } from '#controllers/pod-state.ts';
import { parseTimestamp } from '#system/clock.ts';

/** What is to be done: a pod made for each node in `create`, and pods deleted. */
export interface Steps {
  readonly create: readonly string[];
  readonly remove: readonly { readonly pod: Pod; readonly why: string }[];
  /** How long until a pod that ended is old enough to be replaced; undefined where none waits for that. */
  readonly waitMs: number | undefined;
}

/** A pod that ended stays for so long before it is replaced, so that one which a node refuses is not made anew all the time. */
const ENDED_POD_KEPT_MS = 10_000;

/**
 * One pod on every node that is to have one (Kubernetes docs, "DaemonSet"), and the next step of a rolling update
 * ("Perform a Rolling Update on a DaemonSet").
 */
export function planSteps(situation: Situation): Steps {
  const parts = [...situation.places.map((place) => fillPlace(situation, place)), updateStep(situation)];
  const waits = parts.flatMap(({ waitMs }) => waitMs ?? []);
  const strays = situation.strays.filter(isStaying).map((pod) => ({ pod, why: 'its node is gone' }));
  const removed = new Map(
    [...strays, ...parts.flatMap(({ remove }) => remove)].map((each) => [each.pod, each]),
  );
  return {
    create: [...new Set(parts.flatMap(({ create }) => create))],
    remove: [...removed.values()],
    waitMs: waits.length === 0 ? undefined : Math.min(...waits),
  };
}

const NOTHING: Steps = { create: [], remove: [], waitMs: undefined };

function fillPlace(situation: Situation, place: Place): Steps {
  const { node, pods, shouldRun, mayContinue } = place;
  if (!mayContinue) {
    const remove = pods
      .filter(isStaying)
      .map((pod) => ({ pod, why: `node ${node} is not to have a pod of the DaemonSet` }));
    return { ...NOTHING, remove };
  }
  if (pods.length === 0) return shouldRun ? { ...NOTHING, create: [node] } : NOTHING;
  const staying = pods.filter(isStaying);
  const running = staying.filter((pod) => !isPodTerminal(pod));
  const ended = replaceEnded(situation, staying.filter(isPodTerminal));
  const excess = excessPods(situation, running).map((pod) => ({
    pod,
    why: `node ${node} has another pod of the DaemonSet`,
  }));
  return { ...ended, remove: [...ended.remove, ...excess] };
}

function replaceEnded({ nowMs }: Situation, ended: readonly Pod[]): Steps {
  const ages = ended.map((pod) => ({
    pod,
    ageMs: nowMs - (parseTimestamp(pod.metadata.creationTimestamp) ?? 0),
  }));
  const remove = ages
    .filter(({ ageMs }) => ageMs >= ENDED_POD_KEPT_MS)
    .map(({ pod }) => ({ pod, why: 'it ended; a DaemonSet keeps its pods running' }));
  const waits = ages
    .filter(({ ageMs }) => ageMs < ENDED_POD_KEPT_MS)
    .map(({ ageMs }) => ENDED_POD_KEPT_MS - ageMs);
  return { create: [], remove, waitMs: waits.length === 0 ? undefined : Math.min(...waits) };
}

/** All but the oldest; with surge all but the oldest of the new and of the old revision. */
function excessPods(situation: Situation, running: readonly Pod[]): Pod[] {
  if (limitsOf(situation).maxSurge === 0) return running.slice(1);
  const updated = running.filter((pod) => isUpdated(situation, pod));
  const old = running.filter((pod) => !isUpdated(situation, pod));
  return [...updated.slice(1), ...old.slice(1)];
}

function updateStep(situation: Situation): Steps {
  if (situation.set.spec.updateStrategy?.type === 'OnDelete') return NOTHING;
  return limitsOf(situation).maxSurge > 0 ? surge(situation) : replace(situation);
}

/** Old pods go while no more nodes than allowed are without an available pod; those that are not available go at once. */
function replace(situation: Situation): Steps {
  const remove: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const place of situation.places.filter(({ shouldRun }) => shouldRun)) {
    const { updated, old } = podsByRevision(situation, place);
    if ((updated === undefined) === (old === undefined)) unavailable += 1;
    else if (updated !== undefined) unavailable += isAvailable(situation, updated) ? 0 : 1;
    else if (old !== undefined && isAvailable(situation, old)) candidates.push(old);
    else if (old !== undefined) {
      unavailable += 1;
      remove.push(old);
    }
  }
  const room = Math.max(0, limitsOf(situation).maxUnavailable - unavailable);
  const why = 'it is of an older revision';
  return { ...NOTHING, remove: [...remove, ...candidates.slice(0, room)].map((pod) => ({ pod, why })) };
}

/** New pods come beside old ones, which go once the new ones are available. */
function surge(situation: Situation): Steps {
  const create: string[] = [];
  const candidates: string[] = [];
  const remove: Pod[] = [];
  let surging = 0;
  for (const place of situation.places.filter(({ shouldRun }) => shouldRun)) {
    const { updated, old } = podsByRevision(situation, place);
    if (old === undefined) continue;
    if (updated === undefined) (isAvailable(situation, old) ? candidates : create).push(place.node);
    else if (isAvailable(situation, updated)) remove.push(old);
    else surging += 1;
  }
  const room = Math.max(0, limitsOf(situation).maxSurge - surging);
  const why = 'its successor is available';
  return {
    create: [...create, ...candidates.slice(0, room)],
    remove: remove.map((pod) => ({ pod, why })),
    waitMs: undefined,
  };
}

function podsByRevision(
  situation: Situation,
  { pods }: Place,
): { updated: Pod | undefined; old: Pod | undefined } {
  const running = pods.filter((pod) => isStaying(pod) && !isPodTerminal(pod));
  return {
    updated: running.find((pod) => isUpdated(situation, pod)),
    old: running.find((pod) => !isUpdated(situation, pod)),
  };
}

/** A percentage is of the nodes that are to have a pod, rounded up. */
function limitsOf({ set, places }: Situation): { maxSurge: number; maxUnavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const total = places.filter(({ shouldRun }) => shouldRun).length;
  const surgeCount = resolveIntOrPercent(maxSurge, { total, round: 'up' });
  const unavailable = resolveIntOrPercent(maxUnavailable, { total, round: 'up' });
  return { maxSurge: surgeCount, maxUnavailable: surgeCount === 0 ? Math.max(1, unavailable) : unavailable };
}

function isStaying({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}
