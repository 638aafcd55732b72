import type { Container as ContainerSpec } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import type { ContainerConfig, Image, Sandbox } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import type { MountedVolume } from '#kubelet/volumes/volume.ts';

/** What a hook may look at while its container is being made. */
export interface ContainerContext {
  readonly host: KubeletHost;
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly sandbox: Pick<Sandbox, 'id'>;
  readonly addresses: readonly string[];
  readonly attempt: number;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly signal: AbortSignal;
}

/** A container's configuration as far as the hooks have made it. */
export interface ContainerDraft {
  readonly config: ContainerConfig;
  /** Known once the image hook has run. */
  readonly image: Image | undefined;
}

/** A container that runs and is about to be stopped. */
export interface StoppingContainer
  extends Pick<ContainerContext, 'host' | 'pod' | 'spec' | 'addresses' | 'signal'> {
  readonly containerId: string;
}

/** One concern of a container's life, in the order of `CONTAINER_HOOKS`. Hooks throw StartError with a sentence for people. */
export interface ContainerHook {
  readonly name: string;
  /** Adds its part to the configuration, and makes what that part refers to. */
  readonly beforeCreate?: (context: ContainerContext, draft: ContainerDraft) => Promise<ContainerDraft>;
  /** A failure stops the container. */
  readonly afterStart?: (context: ContainerContext, containerId: string) => Promise<void>;
  /** Before SIGTERM, within the container's grace. Never rejects. */
  readonly beforeStop?: (context: StoppingContainer) => Promise<void>;
}
