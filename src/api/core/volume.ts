import type { ObjectFieldSelector, ResourceFieldSelector } from '#api/core/environment.ts';
import type { PersistentVolumeClaimSpec } from '#api/core/persistent-volume-claim.ts';
import type { LocalObjectReference } from '#api/core/reference.ts';
import type { NetworkVolumeSources } from '#api/core/volume-network.ts';
import type { LabelSelector, ObjectMeta } from '#api/object.ts';

/** `core/v1.Volume`. */
export interface Volume extends VolumeSources {
  name: string;
}

/** `core/v1.VolumeSource`: one of these is what is in a volume. */
export interface VolumeSources extends NetworkVolumeSources {
  configMap?: ConfigMapVolumeSource;
  csi?: CSIVolumeSource;
  downwardAPI?: DownwardAPIVolumeSource;
  emptyDir?: EmptyDirVolumeSource;
  ephemeral?: EphemeralVolumeSource;
  hostPath?: HostPathVolumeSource;
  image?: ImageVolumeSource;
  nfs?: NFSVolumeSource;
  persistentVolumeClaim?: PersistentVolumeClaimVolumeSource;
  projected?: ProjectedVolumeSource;
  secret?: SecretVolumeSource;
}

/** `core/v1.ConfigMapVolumeSource`. */
export interface ConfigMapVolumeSource {
  defaultMode?: number;
  items?: KeyToPath[];
  name?: string;
  optional?: boolean;
}

/** `core/v1.SecretVolumeSource`. */
export interface SecretVolumeSource {
  defaultMode?: number;
  items?: KeyToPath[];
  optional?: boolean;
  secretName?: string;
}

/** `core/v1.KeyToPath`. */
export interface KeyToPath {
  key: string;
  mode?: number;
  path: string;
}

/** `core/v1.EmptyDirVolumeSource`. */
export interface EmptyDirVolumeSource {
  medium?: string;
  sizeLimit?: string;
}

/** `core/v1.HostPathVolumeSource`. */
export interface HostPathVolumeSource {
  path: string;
  type?:
    | ''
    | 'DirectoryOrCreate'
    | 'Directory'
    | 'FileOrCreate'
    | 'File'
    | 'Socket'
    | 'CharDevice'
    | 'BlockDevice';
}

/** `core/v1.ProjectedVolumeSource`. */
export interface ProjectedVolumeSource {
  defaultMode?: number;
  sources?: VolumeProjection[];
}

/** `core/v1.VolumeProjection`. */
export interface VolumeProjection {
  clusterTrustBundle?: ClusterTrustBundleProjection;
  configMap?: ConfigMapProjection;
  downwardAPI?: DownwardAPIProjection;
  podCertificate?: object;
  secret?: SecretProjection;
  serviceAccountToken?: ServiceAccountTokenProjection;
}

/** `core/v1.ConfigMapProjection`. */
export interface ConfigMapProjection {
  items?: KeyToPath[];
  name?: string;
  optional?: boolean;
}

/** `core/v1.SecretProjection`. */
export interface SecretProjection {
  items?: KeyToPath[];
  name?: string;
  optional?: boolean;
}

/** `core/v1.DownwardAPIProjection`. */
export interface DownwardAPIProjection {
  items?: DownwardAPIVolumeFile[];
}

/** `core/v1.ServiceAccountTokenProjection`. */
export interface ServiceAccountTokenProjection {
  audience?: string;
  expirationSeconds?: number;
  path: string;
}

/** `core/v1.ClusterTrustBundleProjection`. */
export interface ClusterTrustBundleProjection {
  labelSelector?: LabelSelector;
  name?: string;
  optional?: boolean;
  path: string;
  signerName?: string;
}

/** `core/v1.DownwardAPIVolumeSource`. */
export interface DownwardAPIVolumeSource {
  defaultMode?: number;
  items?: DownwardAPIVolumeFile[];
}

/** `core/v1.DownwardAPIVolumeFile`. */
export interface DownwardAPIVolumeFile {
  fieldRef?: ObjectFieldSelector;
  mode?: number;
  path: string;
  resourceFieldRef?: ResourceFieldSelector;
}

/** `core/v1.PersistentVolumeClaimVolumeSource`. */
export interface PersistentVolumeClaimVolumeSource {
  claimName: string;
  readOnly?: boolean;
}

/** `core/v1.EphemeralVolumeSource`. */
export interface EphemeralVolumeSource {
  volumeClaimTemplate?: PersistentVolumeClaimTemplate;
}

/** `core/v1.PersistentVolumeClaimTemplate`. */
export interface PersistentVolumeClaimTemplate {
  metadata?: Partial<ObjectMeta>;
  spec: PersistentVolumeClaimSpec;
}

/** `core/v1.ImageVolumeSource`. */
export interface ImageVolumeSource {
  pullPolicy?: string;
  reference?: string;
}

/** `core/v1.NFSVolumeSource`. */
export interface NFSVolumeSource {
  path: string;
  readOnly?: boolean;
  server: string;
}

/** `core/v1.CSIVolumeSource`. */
export interface CSIVolumeSource {
  driver: string;
  fsType?: string;
  nodePublishSecretRef?: LocalObjectReference;
  readOnly?: boolean;
  volumeAttributes?: Record<string, string>;
}
