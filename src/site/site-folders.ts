import { containerdLayout } from '#cri/containerd-config.ts';
import type { PodNetworkFolders } from '#network/pod-network.ts';

/** What a site's own containerd keeps. */
export function containerdFolder(folder: string): string {
  return `${folder}/containerd`;
}

/** Logs and volumes of pods. */
export function kubeletFolder(folder: string): string {
  return `${folder}/kubelet`;
}

export function podNetworkFolders(folder: string): PodNetworkFolders {
  return {
    configFolder: containerdLayout({ dataFolder: containerdFolder(folder) }).cniConfigFolder,
    leaseFolder: `${folder}/addresses`,
  };
}
