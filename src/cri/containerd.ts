import { type Image as ImageMessage, ImageService, type Method, RuntimeService } from '#cri/messages.ts';
import { imagePullError } from '#cri/pull-error.ts';
import { createRelist } from '#cri/relist.ts';
import { containerMessage, podOfLabels, sandboxMessage } from '#cri/request.ts';
import {
  type ContainerStats,
  type Image,
  type Runtime,
  RuntimeRequestError,
  RuntimeUnavailableError,
  type Sandbox,
  type StreamRequest,
} from '#cri/runtime.ts';
import type { Clock } from '#system/clock.ts';
import { createGrpcClient, GrpcError } from '#system/grpc.ts';
import type { MessageOf } from '#system/protobuf.ts';

/** How long a request that only looks may take, in milliseconds. */
const QUERY_TIMEOUT_MS = 30_000;

/** How long a request that changes something may take, in milliseconds: the kubelet's limit, for a disk that is slow. */
const CHANGE_TIMEOUT_MS = 4 * 60_000;

/** How long a pull may take, in milliseconds: a large image on a thin link. What was fetched is kept for the next try. */
const PULL_TIMEOUT_MS = 60 * 60_000;

/** Output kept of each stream of {@link Runtime.execSync}, in bytes. */
const EXEC_OUTPUT_BYTES_MAX = 16 * 1024;

const NANOSECONDS_PER_MS = 1e6;

/** Calls a method with a limit of time, and gives errors in the contract's words. */
export type Call = <RequestIn, ResponseOut>(
  method: Method<RequestIn, ResponseOut>,
  request: RequestIn,
  timeoutMs: number,
) => Promise<ResponseOut>;

/**
 * A container runtime that speaks CRI v1 on a unix socket: containerd 1.6 and later, CRI-O. Nothing is sent until the
 * first call; a restarted runtime is found again by the next call.
 */
export function createContainerdRuntime(options: { socketPath: string; clock: Clock }): Runtime {
  const client = createGrpcClient({ type: 'unix', path: options.socketPath }, options.clock);
  const call: Call = async (method, request, timeoutMs) => {
    try {
      return method.decode(await client.unary(method.path, method.encode(request), { timeoutMs }));
    } catch (error) {
      throw contractError(error);
    }
  };
  const imageStatus = async (image: string): Promise<Image | undefined> => {
    const response = await call(ImageService.imageStatus, { image: { image } }, QUERY_TIMEOUT_MS);
    return response.image === undefined ? undefined : imageOf(response.image);
  };

  return {
    version: async () => {
      const answer = await call(RuntimeService.version, { version: 'v1' }, QUERY_TIMEOUT_MS);
      return { runtimeName: answer.runtimeName, runtimeVersion: answer.runtimeVersion };
    },
    listSandboxes: () => listSandboxes(call),
    listContainers: createRelist((method, request) => call(method, request, QUERY_TIMEOUT_MS)),
    async runSandbox(config) {
      const response = await call(
        RuntimeService.runPodSandbox,
        { config: sandboxMessage(config) },
        CHANGE_TIMEOUT_MS,
      );
      return response.podSandboxId;
    },
    async stopSandbox(podSandboxId) {
      await ifFound(call(RuntimeService.stopPodSandbox, { podSandboxId }, CHANGE_TIMEOUT_MS));
    },
    async removeSandbox(podSandboxId) {
      await ifFound(call(RuntimeService.stopPodSandbox, { podSandboxId }, CHANGE_TIMEOUT_MS));
      await ifFound(call(RuntimeService.removePodSandbox, { podSandboxId }, CHANGE_TIMEOUT_MS));
    },
    sandboxAddresses: (podSandboxId) => sandboxAddresses(call, podSandboxId),
    async createContainer(podSandboxId, config, sandbox) {
      const { runAsUser, runAsGroup } = config.security;
      const image =
        runAsUser === undefined && runAsGroup !== undefined ? await imageStatus(config.image) : undefined;
      const request = {
        podSandboxId,
        config: containerMessage(config, sandbox, image),
        sandboxConfig: sandboxMessage(sandbox),
      };
      const response = await call(RuntimeService.createContainer, request, CHANGE_TIMEOUT_MS);
      return response.containerId;
    },
    async startContainer(containerId) {
      await call(RuntimeService.startContainer, { containerId }, CHANGE_TIMEOUT_MS);
    },
    async stopContainer(containerId, graceSeconds) {
      const timeout = Math.max(0, Math.ceil(graceSeconds));
      await ifFound(
        call(RuntimeService.stopContainer, { containerId, timeout }, timeout * 1000 + CHANGE_TIMEOUT_MS),
      );
    },
    async removeContainer(containerId) {
      await ifFound(call(RuntimeService.removeContainer, { containerId }, CHANGE_TIMEOUT_MS));
    },
    async execSync(containerId, command, timeoutMs) {
      const timeout = Math.max(1, Math.ceil(timeoutMs / 1000));
      const response = await call(RuntimeService.execSync, { containerId, cmd: command, timeout }, timeoutMs);
      return { exitCode: response.exitCode, stdout: cut(response.stdout), stderr: cut(response.stderr) };
    },
    imageStatus,
    async pullImage(image, credentials) {
      try {
        const method = ImageService.pullImage;
        const timeoutMs = PULL_TIMEOUT_MS;
        const response = await client.unary(
          method.path,
          method.encode({ image: { image }, auth: credentials }),
          { timeoutMs },
        );
        return method.decode(response).imageRef;
      } catch (error) {
        if (isUnreachable(error)) throw contractError(error);
        throw imagePullError(image, error);
      }
    },
    async listImages() {
      const response = await call(ImageService.listImages, {}, QUERY_TIMEOUT_MS);
      return response.images.map(imageOf);
    },
    async removeImage(imageId) {
      await ifFound(call(ImageService.removeImage, { image: { image: imageId } }, CHANGE_TIMEOUT_MS));
    },
    stats: () => stats(call),
    async reopenLog(containerId) {
      await call(RuntimeService.reopenContainerLog, { containerId }, QUERY_TIMEOUT_MS);
    },
    streamUrl: (request) => streamUrl(call, request),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

async function listSandboxes(call: Call): Promise<Sandbox[]> {
  const response = await call(RuntimeService.listPodSandbox, {}, QUERY_TIMEOUT_MS);
  return response.items.map((item) => ({
    id: item.id,
    pod: podOfLabels(item.labels),
    attempt: item.metadata?.attempt ?? 0,
    state: item.state === 'READY' ? 'ready' : 'notReady',
    createdMs: Math.floor(item.createdAt / NANOSECONDS_PER_MS),
    annotations: item.annotations,
  }));
}

async function sandboxAddresses(call: Call, podSandboxId: string): Promise<string[]> {
  const { status } = await call(RuntimeService.podSandboxStatus, { podSandboxId }, QUERY_TIMEOUT_MS);
  if (status === undefined || status.state !== 'READY' || status.network === undefined) return [];
  const { ip, additionalIps } = status.network;
  return [ip, ...additionalIps.map((additional) => additional.ip)].filter((address) => address !== '');
}

async function stats(call: Call): Promise<ContainerStats[]> {
  const response = await call(RuntimeService.listContainerStats, {}, QUERY_TIMEOUT_MS);
  return response.stats.map((item) => ({
    containerId: item.attributes?.id ?? '',
    atMs: Math.floor((item.cpu?.timestamp ?? item.memory?.timestamp ?? 0) / NANOSECONDS_PER_MS),
    cpuNanoseconds: item.cpu?.usageCoreNanoSeconds?.value ?? 0,
    memoryWorkingSetBytes: item.memory?.workingSetBytes?.value ?? 0,
  }));
}

async function streamUrl(call: Call, request: StreamRequest): Promise<string> {
  switch (request.type) {
    case 'exec': {
      const { type: _, command, ...streams } = request;
      return (await call(RuntimeService.exec, { ...streams, cmd: command }, QUERY_TIMEOUT_MS)).url;
    }
    case 'attach': {
      const { type: _, ...streams } = request;
      return (await call(RuntimeService.attach, streams, QUERY_TIMEOUT_MS)).url;
    }
    case 'portForward': {
      const forward = { podSandboxId: request.sandboxId, port: request.ports };
      return (await call(RuntimeService.portForward, forward, QUERY_TIMEOUT_MS)).url;
    }
  }
}

function imageOf(image: MessageOf<typeof ImageMessage>): Image {
  return {
    id: image.id,
    tags: image.repoTags,
    digests: image.repoDigests,
    sizeBytes: image.size,
    ...(image.uid === undefined ? {} : { uid: image.uid.value }),
    ...(image.username === '' ? {} : { username: image.username }),
  };
}

function cut(output: Uint8Array): string {
  return Buffer.from(output.subarray(0, EXEC_OUTPUT_BYTES_MAX)).toString('utf8');
}

/** What is gone already needs no stopping or removing. */
async function ifFound(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof RuntimeRequestError && error.code === 'NOT_FOUND')) throw error;
  }
}

/** Whether it is the runtime itself that did not answer: a failure with a cause comes from the transport. */
function isUnreachable(error: unknown): error is GrpcError {
  return error instanceof GrpcError && error.code === 'UNAVAILABLE';
}

function contractError(error: unknown): Error {
  if (isUnreachable(error))
    return new RuntimeUnavailableError(`the container runtime: ${error.message}`, { cause: error });
  if (error instanceof GrpcError) {
    // Where our deadline is met inside containerd first, in a call of its own, it does not say so by the code.
    const isLate = error.code === 'UNKNOWN' && error.message.includes('context deadline exceeded');
    const code = isLate ? 'DEADLINE_EXCEEDED' : error.code;
    return new RuntimeRequestError(error.message, { code, cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}
