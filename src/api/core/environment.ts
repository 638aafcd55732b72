/** `core/v1.EnvVar`. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: EnvVarSource;
}

/** `core/v1.EnvVarSource`. */
export interface EnvVarSource {
  configMapKeyRef?: ConfigMapKeySelector;
  fieldRef?: ObjectFieldSelector;
  fileKeyRef?: FileKeySelector;
  resourceFieldRef?: ResourceFieldSelector;
  secretKeyRef?: SecretKeySelector;
}

/** `core/v1.ConfigMapKeySelector`. */
export interface ConfigMapKeySelector {
  key: string;
  name?: string;
  optional?: boolean;
}

/** `core/v1.SecretKeySelector`. */
export interface SecretKeySelector {
  key: string;
  name?: string;
  optional?: boolean;
}

/** `core/v1.ObjectFieldSelector`. */
export interface ObjectFieldSelector {
  apiVersion?: string;
  fieldPath: string;
}

/** `core/v1.ResourceFieldSelector`. */
export interface ResourceFieldSelector {
  containerName?: string;
  divisor?: string;
  resource: string;
}

/** `core/v1.EnvFromSource`. */
export interface EnvFromSource {
  configMapRef?: ConfigMapEnvSource;
  prefix?: string;
  secretRef?: SecretEnvSource;
}

/** `core/v1.ConfigMapEnvSource`. */
export interface ConfigMapEnvSource {
  name?: string;
  optional?: boolean;
}

/** `core/v1.SecretEnvSource`. */
export interface SecretEnvSource {
  name?: string;
  optional?: boolean;
}

/** `core/v1.FileKeySelector`. */
export interface FileKeySelector {
  key: string;
  optional?: boolean;
  path: string;
  volumeName: string;
}
