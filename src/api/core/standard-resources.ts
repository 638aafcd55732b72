/** The names of resources that need no domain. Source: `pkg/apis/core/helper` of Kubernetes. */

/** Kinds that are counted by their plain name, beside `count/…`. */
export const COUNTED_KINDS: readonly string[] = [
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
];

/** What is counted, and cannot be counted in parts. */
export const COUNTED_RESOURCES: ReadonlySet<string> = new Set([
  ...COUNTED_KINDS,
  'services.loadbalancers',
  'services.nodeports',
]);

/** Processor time and memory, by all the names that a quota has for them. */
export const COMPUTE_RESOURCES: readonly string[] = [
  'cpu',
  'limits.cpu',
  'limits.memory',
  'memory',
  'requests.cpu',
  'requests.memory',
];

/** Every resource that a quota may name, but for huge pages. */
export const QUOTA_RESOURCES: ReadonlySet<string> = new Set([
  ...COUNTED_RESOURCES,
  ...COMPUTE_RESOURCES,
  'ephemeral-storage',
  'limits.ephemeral-storage',
  'requests.ephemeral-storage',
  'requests.storage',
]);

/** Every resource without a domain, but for huge pages. */
export const STANDARD_RESOURCES: ReadonlySet<string> = new Set([...QUOTA_RESOURCES, 'storage']);
