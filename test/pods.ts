import { output } from './command.ts';
import type { Kubectl } from './kubectl.ts';
import { runFolderOf } from './residue.ts';

/** One container of one pod, as its status tells. */
export interface PodContainer {
  readonly pod: string;
  readonly image: string;
  readonly containerId: string;
  readonly startedAt: string;
  readonly restarts: number;
  readonly ready: boolean;
}

interface PodJson {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly image: string;
      readonly containerID?: string;
      readonly restartCount: number;
      readonly ready: boolean;
      readonly state: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

/** The containers of all pods in the example's namespace that are not on their way out, by the pods' names. */
export async function containersOf(kubectl: Kubectl, selector = ''): Promise<PodContainer[]> {
  const filter = selector === '' ? [] : ['-l', selector];
  const { items } = await kubectl.json<{ items: PodJson[] }>('-n first get pods', ...filter);
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(({ metadata, status }) =>
      (status.containerStatuses ?? []).map((container) => ({
        pod: metadata.name,
        image: container.image,
        containerId: (container.containerID ?? '').replace('containerd://', ''),
        startedAt: container.state.running?.startedAt ?? '',
        restarts: container.restartCount,
        ready: container.ready,
      })),
    )
    .toSorted((a, b) => (a.pod < b.pod ? -1 : 1));
}

/** Whether there are so many pods, and all are ready. */
export function allReady(containers: readonly PodContainer[], count: number): boolean {
  return containers.length === count && containers.every(({ ready }) => ready);
}

/** What a site's own containerd runs: its tasks by container, each with whether it is a pod's sandbox. */
export async function runningTasks(
  siteFolder: string,
): Promise<{ containers: string[]; sandboxes: string[] }> {
  const ctr = ['--address', `${runFolderOf(siteFolder)}/containerd.sock`, '--namespace', 'k8s.io'];
  const tasks = (await output('ctr', [...ctr, 'tasks', 'list']))
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ +/u))
    .filter(([, , state]) => state === 'RUNNING')
    .map(([id = '']) => id);
  const kept = await output('ctr', [
    ...ctr,
    'containers',
    'list',
    '-q',
    'labels."io.cri-containerd.kind"==sandbox',
  ]);
  const sandboxes = new Set(kept.trim().split('\n'));
  return {
    containers: tasks.filter((id) => !sandboxes.has(id)).toSorted(),
    sandboxes: tasks.filter((id) => sandboxes.has(id)).toSorted(),
  };
}
