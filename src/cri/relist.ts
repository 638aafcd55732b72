import {
  type Container as ContainerMessage,
  type ContainerStatus,
  type Method,
  RuntimeService,
} from '#cri/messages.ts';
import { podOfLabels } from '#cri/request.ts';
import { type Container, type ContainerState, RuntimeRequestError } from '#cri/runtime.ts';
import type { MessageOf } from '#system/protobuf.ts';

type Listed = MessageOf<typeof ContainerMessage>;
type Status = MessageOf<typeof ContainerStatus>;

/** What a listing lacks, as it was when the container came into `state`. */
interface Known {
  readonly state: Listed['state'];
  readonly status: Status;
}

const NANOSECONDS_PER_MS = 1e6;

/**
 * Lists containers with their times and exit codes. CRI's list has none of these, so each container's own status is
 * asked for, but only once for each state it comes into: a listing where nothing changed is one request.
 */
export function createRelist(
  call: <In, Out>(method: Method<In, Out>, request: In) => Promise<Out>,
): () => Promise<Container[]> {
  let known = new Map<string, Known>();

  const statusOf = async (listed: Listed): Promise<Known | undefined> => {
    const before = known.get(listed.id);
    if (before?.state === listed.state) return before;
    try {
      const { status } = await call(RuntimeService.containerStatus, { containerId: listed.id });
      return status === undefined ? undefined : { state: status.state, status };
    } catch (error) {
      // Removed between the two requests.
      if (error instanceof RuntimeRequestError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  };

  return async () => {
    const { containers } = await call(RuntimeService.listContainers, {});
    const statuses = await Promise.all(
      containers.map(async (listed) => [listed, await statusOf(listed)] as const),
    );
    known = new Map(
      statuses.flatMap(([listed, status]) => (status === undefined ? [] : [[listed.id, status]])),
    );
    return statuses.flatMap(([listed, status]) =>
      status === undefined ? [] : [containerOf(listed, status.status)],
    );
  };
}

function containerOf(listed: Listed, status: Status): Container {
  return {
    id: listed.id,
    sandboxId: listed.podSandboxId,
    pod: podOfLabels(listed.labels),
    name: listed.metadata?.name ?? '',
    attempt: listed.metadata?.attempt ?? 0,
    state: stateOf(status),
    image: listed.image?.image ?? '',
    imageId: status.imageRef === '' ? listed.imageRef : status.imageRef,
    createdMs: milliseconds(listed.createdAt),
    logPath: status.logPath,
    annotations: listed.annotations,
  };
}

function stateOf(status: Status): ContainerState {
  switch (status.state) {
    case 'CREATED':
      return { type: 'created' };
    case 'RUNNING':
      return { type: 'running', startedMs: milliseconds(status.startedAt) };
    case 'EXITED':
      return {
        type: 'exited',
        startedMs: milliseconds(status.startedAt),
        // containerd may note the start of a very short process after its end.
        finishedMs: Math.max(milliseconds(status.startedAt), milliseconds(status.finishedAt)),
        exitCode: status.exitCode,
        reason: status.reason,
        message: status.message,
      };
    case 'UNKNOWN':
      return { type: 'unknown' };
  }
}

function milliseconds(nanoseconds: number): number {
  return Math.floor(nanoseconds / NANOSECONDS_PER_MS);
}
