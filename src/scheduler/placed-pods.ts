import { type Pod, podResource } from '#api/core/pod.ts';
import type { ViewIndex } from '#client/view.ts';
import { demandOfPod } from '#scheduler/demand.ts';
import { Occupancy } from '#scheduler/occupancy.ts';

/** Who stands where, kept current by the view of all pods. A pod that ended takes nothing; one that is stopping still does. */
export const placedPodsIndex: ViewIndex<Pod, Occupancy> = {
  type: podResource,
  create: () => new Occupancy(),
  take: (occupancy, { object, previous }) => {
    const from = previous === undefined ? undefined : hostOf(previous);
    const to = object === undefined ? undefined : hostOf(object);
    if (previous !== undefined && from !== undefined) occupancy.remove(demandOfPod(previous), from);
    if (object !== undefined && to !== undefined) occupancy.add(demandOfPod(object), to);
  },
};

/** The host on which a pod takes room. */
export function hostOf({ spec, status }: Pod): string | undefined {
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return isOver || spec.nodeName === undefined || spec.nodeName === '' ? undefined : spec.nodeName;
}
