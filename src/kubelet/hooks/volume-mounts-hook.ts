import type { VolumeMount } from '#api/core/container.ts';
import type { ContainerConfig, Mount } from '#cri/runtime.ts';
import { expand } from '#kubelet/environment/expand.ts';
import type { ContainerContext, ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { environmentOf } from '#kubelet/hooks/environment-hook.ts';
import { StartError } from '#kubelet/start-error.ts';
import { resolveSubPath } from '#kubelet/volumes/sub-path.ts';
import type { MountedVolume } from '#kubelet/volumes/volume.ts';

const PROPAGATIONS = {
  None: 'private',
  HostToContainer: 'hostToContainer',
  Bidirectional: 'bidirectional',
} as const;

/** The pod's volumes in the container: file systems and block devices. */
export const volumeMountsHook: ContainerHook = {
  name: 'volume-mounts',
  async beforeCreate(context, draft) {
    const mounts = [...draft.config.mounts];
    for (const wanted of context.spec.volumeMounts ?? []) mounts.push(await volumeMount(context, wanted));
    return { ...draft, config: { ...draft.config, mounts, devices: devicesOf(context) } };
  },
};

async function volumeMount(context: ContainerContext, wanted: VolumeMount): Promise<Mount> {
  const volume = volumeNamed(context, wanted.name);
  return {
    hostPath: await sourceOf(context, { wanted, volume }),
    containerPath: wanted.mountPath.startsWith('/') ? wanted.mountPath : `/${wanted.mountPath}`,
    readOnly: volume.readOnly || (wanted.readOnly ?? false),
    propagation: PROPAGATIONS[wanted.mountPropagation ?? 'None'],
  };
}

async function sourceOf(
  context: ContainerContext,
  { wanted, volume }: { wanted: VolumeMount; volume: MountedVolume },
): Promise<string> {
  const { subPath = '', subPathExpr = '' } = wanted;
  if (subPathExpr === '')
    return subPath === '' ? volume.hostPath : resolveSubPath(context.host.disk, volume.hostPath, subPath);
  const variables = environmentOf(context);
  const missing: string[] = [];
  const path = expand(subPathExpr, (name) => {
    const value = variables.get(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0) {
    throw new StartError(
      'CreateContainerConfigError',
      `subPathExpr "${subPathExpr}" refers to the variable ${missing.join(', ')}, which is not set`,
    );
  }
  return resolveSubPath(context.host.disk, volume.hostPath, path);
}

function volumeNamed({ volumes }: ContainerContext, name: string): MountedVolume {
  const volume = volumes.get(name);
  if (volume === undefined)
    throw new StartError('CreateContainerConfigError', `the pod has no volume "${name}"`);
  return volume;
}

function devicesOf(context: ContainerContext): ContainerConfig['devices'] {
  return (context.spec.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumeNamed(context, name);
    if (!volume.isDevice)
      throw new StartError(
        'CreateContainerConfigError',
        `volume "${name}" is a file system, not a block device`,
      );
    return {
      hostPath: volume.hostPath,
      containerPath: devicePath,
      permissions: volume.readOnly ? 'r' : 'rwm',
    };
  });
}
