import { age } from '#api/age.ts';
import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn, wide } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkRange } from '#api/field-checks.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** One place where applications run: one host or a few, behind one outbound connection. Cluster-scoped. */
export interface Site extends KubeObject {
  apiVersion: 'fleet.skerry.io/v1alpha1';
  kind: 'Site';
  spec: SiteSpec;
  status?: SiteStatus;
}

/** What the site shall be. */
export interface SiteSpec {
  location?: SiteLocation;
  /** What runs the pods there: Skerry itself, or an attached Kubernetes cluster. */
  provider?: 'Skerry' | 'Kubernetes';
  /** Refuses every connection of this site, until set back. */
  blocked?: boolean;
}

/** Where a site is, in degrees (WGS 84) and in words. */
export interface SiteLocation {
  latitude?: number;
  longitude?: number;
  address?: string;
}

/** What the site said of itself last, and when. */
export interface SiteStatus {
  connectivity?: SiteConnectivity;
  /** When the site last reported what is below, by the hub's clock. */
  lastReportTime?: string;
  hosts?: SiteHost[];
  /** Sums over the hosts. */
  capacity?: Record<string, string>;
  allocatable?: Record<string, string>;
  versions?: SiteVersions;
  addresses?: SiteAddress[];
  applications?: { wanted: number; running: number };
  conditions?: Condition[];
}

/** Whether the hub hears the site. Offline is a state of its own: neither a failure nor a success. */
export interface SiteConnectivity {
  /** `Unknown`: the hub itself was away, and has not yet waited long enough to tell. */
  state: SiteConnectivityState;
  /** When the hub last heard the site. */
  lastContactTime?: string;
  /** When `state` was entered. */
  since: string;
  /** Of several hubs, the one that has the link. */
  hub?: string;
}

/** A site that never connected is not offline: nothing is known of it at all. */
export type SiteConnectivityState = 'NeverConnected' | 'Connected' | 'Offline' | 'Unknown';

/** One machine of a site. */
export interface SiteHost {
  name: string;
  ready: 'True' | 'False' | 'Unknown';
  architecture?: string;
  operatingSystem?: string;
  addresses?: SiteAddress[];
  capacity?: Record<string, string>;
  allocatable?: Record<string, string>;
  versions?: SiteVersions;
}

/** Where a site or a host is reached on its own network. */
export interface SiteAddress {
  type: 'InternalIP' | 'ExternalIP' | 'Hostname';
  address: string;
}

/** What runs at a site or on a host. */
export interface SiteVersions {
  skerry?: string;
  kubernetes?: string;
  containerRuntime?: string;
  kernel?: string;
}

/** What the column says of each state. */
const STATUS_WORDS: Readonly<Record<SiteConnectivityState, string>> = {
  NeverConnected: 'Never connected',
  Connected: 'Connected',
  Offline: 'Offline',
  Unknown: 'Unknown',
};

/** `sites.fleet.skerry.io`. */
export const siteResource: ResourceType<Site> = defineResource<Site>({
  group: 'fleet.skerry.io',
  version: 'v1alpha1',
  kind: 'Site',
  plural: 'sites',
  categories: ['skerry'],
  namespaced: false,
  subresources: ['status'],
  schema: 'fleet/v1alpha1.Site',
  nameRule: labelNameErrors,
  applyDefaults: ({ spec }) => {
    spec.provider ??= 'Skerry';
  },
  validate: validateSite,
  columns: [
    NAME_COLUMN,
    textColumn('Status', 'Whether the hub hears the site, and whether it is blocked.', siteStatus),
    textColumn('Last-Contact', 'Time since the hub heard the site last.', ({ status }, nowMs) =>
      status?.connectivity?.lastContactTime === undefined
        ? NONE
        : age(status.connectivity.lastContactTime, nowMs),
    ),
    textColumn('Hosts', 'Hosts that are ready, of all.', siteHosts),
    textColumn('Apps', 'Applications that run, of those wanted.', ({ status }) =>
      status?.applications === undefined
        ? NONE
        : `${status.applications.running}/${status.applications.wanted}`,
    ),
    textColumn(
      'Version',
      'Version of Skerry, or of the attached Kubernetes.',
      ({ status }) => status?.versions?.skerry ?? status?.versions?.kubernetes ?? NONE,
    ),
    AGE_COLUMN,
    wide(textColumn('Provider', 'What runs the pods.', ({ spec }) => spec.provider ?? '')),
    wide(
      textColumn(
        'Address',
        'Where the site is reached on its own network.',
        ({ status }) => status?.addresses?.[0]?.address ?? NONE,
      ),
    ),
    wide(
      textColumn('Reported', 'Age of what is said here.', ({ status }, nowMs) =>
        status?.lastReportTime === undefined ? NONE : age(status.lastReportTime, nowMs),
      ),
    ),
  ],
  selectableFields: { 'status.connectivity.state': connectivityState },
});

function connectivityState({ status }: Site): SiteConnectivityState {
  return status?.connectivity?.state ?? 'NeverConnected';
}

function siteStatus(site: Site): string {
  const word = STATUS_WORDS[connectivityState(site)] ?? 'Unknown';
  return site.spec.blocked === true ? `${word},Blocked` : word;
}

function siteHosts({ status }: Site): string {
  const hosts = status?.hosts ?? [];
  return hosts.length === 0
    ? NONE
    : `${hosts.filter(({ ready }) => ready === 'True').length}/${hosts.length}`;
}

function validateSite({ spec }: Site): FieldError[] {
  return [
    ...checkOneOf('spec.provider', spec.provider, ['Kubernetes', 'Skerry']),
    ...checkRange('spec.location.latitude', spec.location?.latitude, { min: -90, max: 90 }),
    ...checkRange('spec.location.longitude', spec.location?.longitude, { min: -180, max: 180 }),
  ];
}
