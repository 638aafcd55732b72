import type { Container } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import type { SeccompProfile } from '#api/core/security-context.ts';
import type { ContainerSecurity, Image } from '#cri/runtime.ts';
import { podGroupsOf } from '#kubelet/sandbox/sandbox-config.ts';
import { StartError } from '#kubelet/start-error.ts';

/**
 * What a container may do, from its own and its pod's securityContext. A container that names no seccomp profile gets the
 * runtime's (as the kubelet with `--seccomp-default`). Throws StartError where runAsNonRoot forbids the image's user.
 */
export function securityOf(
  pod: Pod,
  container: Container,
  context: { image: Image; seccompFolder: string },
): ContainerSecurity {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const privileged = own.privileged ?? false;
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  if (own.runAsNonRoot ?? shared.runAsNonRoot ?? false) assertNotRoot(runAsUser, context.image);
  return {
    privileged,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false && !privileged,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: podGroupsOf(pod),
    seccomp: privileged
      ? { type: 'unconfined' }
      : seccompOf(own.seccompProfile ?? shared.seccompProfile, context.seccompFolder),
  };
}

function assertNotRoot(runAsUser: number | undefined, image: Image): void {
  if (runAsUser === 0) refuse("container's runAsUser breaks non-root policy");
  if (runAsUser !== undefined) return;
  if (image.username !== undefined && image.uid === undefined) {
    refuse(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root`,
    );
  }
  if ((image.uid ?? 0) === 0) refuse('container has runAsNonRoot and image will run as root');
}

function refuse(message: string): never {
  throw new StartError('CreateContainerConfigError', message);
}

function seccompOf(profile: SeccompProfile | undefined, seccompFolder: string): ContainerSecurity['seccomp'] {
  switch (profile?.type) {
    case 'Unconfined':
      return { type: 'unconfined' };
    case 'Localhost':
      return { type: 'localhost', path: `${seccompFolder}/${profile.localhostProfile ?? ''}` };
    case 'RuntimeDefault':
    case undefined:
      return { type: 'runtimeDefault' };
  }
}
