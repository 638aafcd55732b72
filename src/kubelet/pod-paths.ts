import type { PodIdentity } from '#cri/runtime.ts';

/**
 * Where the files of pods are. Under `volumes/` stands what a pod wrote and may find again after a restart of its
 * containers; under `memory/`, a tmpfs where the host lets us mount one, what can be made anew from the API.
 */
export interface PodPaths {
  /** All of them are below it. */
  readonly data: string;
  /** Holds a log folder for each pod. */
  readonly logs: string;
  readonly volumes: string;
  readonly memory: string;
  /** Profiles that a securityContext may name. */
  readonly seccomp: string;
  /** `pods/NAMESPACE_NAME_UID`, as `/var/log/pods` is laid out. */
  logFolder(pod: PodIdentity): string;
  volumeFolder(uid: string, volume: string): string;
  /** A volume made of API objects. */
  memoryFolder(uid: string, volume: string): string;
  hostsFile(uid: string): string;
  /** Where a container of this name and attempt leaves its termination message. */
  terminationMessage(uid: string, container: string, attempt: number): string;
}

/** The layout below a data folder. */
export function podPaths(dataFolder: string): PodPaths {
  const logs = `${dataFolder}/pods`;
  const volumes = `${dataFolder}/volumes`;
  const memory = `${dataFolder}/memory`;
  return {
    data: dataFolder,
    logs,
    volumes,
    memory,
    seccomp: `${dataFolder}/seccomp`,
    logFolder: (pod) => `${logs}/${pod.namespace}_${pod.name}_${pod.uid}`,
    volumeFolder: (uid, volume) => `${volumes}/${uid}/${volume}`,
    memoryFolder: (uid, volume) => `${memory}/${uid}/volumes/${volume}`,
    hostsFile: (uid) => `${memory}/${uid}/hosts`,
    terminationMessage: (uid, container, attempt) => `${memory}/${uid}/messages/${container}.${attempt}`,
  };
}

/** A container's log below its pod's log folder: `NAME/ATTEMPT.log`. */
export function logFileOf(container: string, attempt: number): string {
  return `${container}/${attempt}.log`;
}

/** The uid that a pod's log folder is named for; undefined where the name is of another form. */
export function uidOfLogFolder(name: string): string | undefined {
  const parts = name.split('_');
  return parts.length === 3 ? parts[2] : undefined;
}
