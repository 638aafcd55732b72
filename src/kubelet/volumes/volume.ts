import type { ConfigMap } from '#api/core/config-map.ts';
import type { PersistentVolume } from '#api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import type { Pod } from '#api/core/pod.ts';
import type { Secret } from '#api/core/secret.ts';
import type { Volume } from '#api/core/volume.ts';
import type { PodPaths } from '#kubelet/pod-paths.ts';
import type { Clock } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { Random } from '#system/random.ts';

/** Where a volume is on this host, once it is set up. */
export interface MountedVolume {
  readonly hostPath: string;
  /** Whatever the container asks for, it may only read. */
  readonly readOnly: boolean;
  /** It is a block device, not a file system. */
  readonly isDevice: boolean;
  /** When it is to be set up again, monotonic milliseconds; Infinity where its sources alone say so. */
  readonly renewAtMs: number;
}

/** The API objects of the pod's namespace that volumes are made from; undefined where there is no such object. */
export interface VolumeObjects {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  claim(name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
}

/** Gets a token for the pod's service account. */
export type RequestToken = (request: TokenWanted) => Promise<Token>;

/** A token as a projected volume asks for it. */
export interface TokenWanted {
  readonly pod: Pod;
  /** Empty asks for the API server's own audience. */
  readonly audience: string;
  readonly expirationSeconds: number;
}

/** A token and the end of its life. */
export interface Token {
  readonly token: string;
  /** Wall clock, milliseconds since 1970. */
  readonly expiresMs: number;
}

/** Mounts that this host lets us make. Without them a folder on the disk serves instead. */
export interface MemoryMounts {
  /** Puts a tmpfs on the folder, unless one is there; false where this host does not let us. `sizeBytes` 0: the kernel's default. */
  mount(folder: string, options: { sizeBytes: number; mode: number }): Promise<boolean>;
  /** Takes it off again; does nothing where there is none. */
  unmount(folder: string): Promise<void>;
}

/** What a volume may be made from, and with. */
export interface VolumeContext {
  readonly pod: Pod;
  readonly volume: Volume;
  readonly objects: VolumeObjects;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: PodPaths;
  readonly mounts: MemoryMounts;
  readonly requestToken: RequestToken;
  /** What the host can give to pods, for the downward API. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/**
 * One kind of volume. Both functions are idempotent: `setUp` is called before the pod's sandbox starts, after a restart of
 * the agent, and whenever the objects it is made from have changed; it throws StartError FailedMount with a sentence for
 * people.
 */
export interface VolumeKind {
  /** The field of `Volume` that it is for. */
  readonly field: Exclude<keyof Volume, 'name'>;
  setUp(context: VolumeContext): Promise<MountedVolume>;
  /** Gives back what `setUp` took; undefined where removing the pod's folders does all. */
  readonly tearDown?: (
    context: Pick<VolumeContext, 'mounts' | 'paths'>,
    volume: { uid: string; name: string },
  ) => Promise<void>;
}
