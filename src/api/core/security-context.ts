/** `core/v1.PodSecurityContext`. */
export interface PodSecurityContext {
  appArmorProfile?: AppArmorProfile;
  fsGroup?: number;
  fsGroupChangePolicy?: 'OnRootMismatch' | 'Always';
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  seLinuxChangePolicy?: string;
  seLinuxOptions?: SELinuxOptions;
  seccompProfile?: SeccompProfile;
  supplementalGroups?: number[];
  supplementalGroupsPolicy?: 'Merge' | 'Strict';
  sysctls?: Sysctl[];
  windowsOptions?: WindowsSecurityContextOptions;
}

/** `core/v1.SecurityContext`. */
export interface SecurityContext {
  allowPrivilegeEscalation?: boolean;
  appArmorProfile?: AppArmorProfile;
  capabilities?: Capabilities;
  privileged?: boolean;
  procMount?: 'Default' | 'Unmasked';
  readOnlyRootFilesystem?: boolean;
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  seLinuxOptions?: SELinuxOptions;
  seccompProfile?: SeccompProfile;
  windowsOptions?: WindowsSecurityContextOptions;
}

/** `core/v1.Capabilities`. */
export interface Capabilities {
  add?: string[];
  drop?: string[];
}

/** `core/v1.SELinuxOptions`. */
export interface SELinuxOptions {
  level?: string;
  role?: string;
  type?: string;
  user?: string;
}

/** `core/v1.SeccompProfile`. */
export interface SeccompProfile {
  localhostProfile?: string;
  type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
}

/** `core/v1.AppArmorProfile`. */
export interface AppArmorProfile {
  localhostProfile?: string;
  type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
}

/** `core/v1.Sysctl`. */
export interface Sysctl {
  name: string;
  value: string;
}

/** `core/v1.WindowsSecurityContextOptions`. */
export interface WindowsSecurityContextOptions {
  gmsaCredentialSpec?: string;
  gmsaCredentialSpecName?: string;
  hostProcess?: boolean;
  runAsUserName?: string;
}
