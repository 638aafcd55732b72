import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn, wide } from '#api/columns.ts';
import type { TaintEffect } from '#api/core/affinity.ts';
import { checkWhole } from '#api/core/resources-validation.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkQuantity, checkUnchanged } from '#api/field-checks.ts';
import { duplicateValue, forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { cidrWarnings } from '#api/ip-form.ts';
import { cidrFamily, withoutLeadingZeros } from '#api/ip-syntax.ts';
import { labelValueErrors } from '#api/label-syntax.ts';
import { checkLegacyCidr } from '#api/legacy-ip.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { goStrings } from '#api/shown-values.ts';
import type { FieldError } from '#api/status.ts';

/** `core/v1.Node`. */
export interface Node extends KubeObject {
  apiVersion: 'v1';
  kind: 'Node';
  spec: NodeSpec;
  status?: NodeStatus;
}

/** `core/v1.NodeSpec`. */
export interface NodeSpec {
  externalID?: string;
  podCIDR?: string;
  podCIDRs?: string[];
  providerID?: string;
  taints?: Taint[];
  unschedulable?: boolean;
}

/** `core/v1.Taint`. */
export interface Taint {
  effect: TaintEffect;
  key: string;
  timeAdded?: string;
  value?: string;
}

/** `core/v1.NodeStatus`. */
export interface NodeStatus {
  addresses?: NodeAddress[];
  allocatable?: Record<string, string>;
  capacity?: Record<string, string>;
  conditions?: NodeCondition[];
  daemonEndpoints?: NodeDaemonEndpoints;
  declaredFeatures?: string[];
  features?: NodeFeatures;
  images?: ContainerImage[];
  nodeInfo?: NodeSystemInfo;
  phase?: string;
  runtimeHandlers?: NodeRuntimeHandler[];
  volumesAttached?: AttachedVolume[];
  volumesInUse?: string[];
}

/** `core/v1.NodeCondition`. */
export interface NodeCondition {
  lastHeartbeatTime?: string;
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `core/v1.NodeAddress`. */
export interface NodeAddress {
  address: string;
  type: string;
}

/** `core/v1.NodeSystemInfo`. */
export interface NodeSystemInfo {
  architecture: string;
  bootID: string;
  containerRuntimeVersion: string;
  kernelVersion: string;
  kubeProxyVersion: string;
  kubeletVersion: string;
  machineID: string;
  operatingSystem: string;
  osImage: string;
  swap?: NodeSwapStatus;
  systemUUID: string;
}

/** `core/v1.NodeSwapStatus`. */
export interface NodeSwapStatus {
  capacity?: number;
}

/** `core/v1.ContainerImage`. */
export interface ContainerImage {
  names?: string[];
  sizeBytes?: number;
}

/** `core/v1.AttachedVolume`. */
export interface AttachedVolume {
  devicePath: string;
  name: string;
}

/** `core/v1.NodeDaemonEndpoints`. */
export interface NodeDaemonEndpoints {
  kubeletEndpoint?: DaemonEndpoint;
}

/** `core/v1.DaemonEndpoint`. */
export interface DaemonEndpoint {
  Port: number;
}

/** `core/v1.NodeRuntimeHandler`. */
export interface NodeRuntimeHandler {
  features?: NodeRuntimeHandlerFeatures;
  name?: string;
}

/** `core/v1.NodeRuntimeHandlerFeatures`. */
export interface NodeRuntimeHandlerFeatures {
  recursiveReadOnlyMounts?: boolean;
  userNamespaces?: boolean;
}

/** `core/v1.NodeFeatures`. */
export interface NodeFeatures {
  supplementalGroupsPolicy?: boolean;
}

const UNKNOWN = '<unknown>';
const ROLE_LABEL_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** `nodes`. */
export const nodeResource: ResourceType<Node> = defineResource<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  subresources: ['status'],
  schema: 'core/v1.Node',
  hasGeneration: false,
  fillsZeros: true,
  applyDefaults: defaultNode,
  validate: validateNode,
  validateStatus: validateNodeStatus,
  warnings: nodeWarnings,
  columns: [
    NAME_COLUMN,
    textColumn('Status', 'Whether the node is ready, and whether pods may be bound to it.', nodeStatus),
    textColumn('Roles', 'Roles, by the labels of the node.', nodeRoles),
    AGE_COLUMN,
    textColumn('Version', 'Version of the kubelet.', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
    wide(textColumn('Internal-IP', 'Address within the cluster.', (node) => nodeAddress(node, 'InternalIP'))),
    wide(textColumn('External-IP', 'Address for everyone.', (node) => nodeAddress(node, 'ExternalIP'))),
    wide(textColumn('OS-Image', 'Operating system.', ({ status }) => status?.nodeInfo?.osImage || UNKNOWN)),
    wide(textColumn('Kernel-Version', 'Kernel.', ({ status }) => status?.nodeInfo?.kernelVersion || UNKNOWN)),
    wide(
      textColumn(
        'Container-Runtime',
        'Container runtime.',
        ({ status }) => status?.nodeInfo?.containerRuntimeVersion || UNKNOWN,
      ),
    ),
  ],
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
});

function nodeStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

function nodeRoles({ metadata }: Node): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_LABEL_PREFIX) && key !== ROLE_LABEL_PREFIX)
      return [key.slice(ROLE_LABEL_PREFIX.length)];
    return key === ROLE_LABEL && value !== '' ? [value] : [];
  });
  return roles.length === 0 ? NONE : roles.sort().join(',');
}

function nodeAddress({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? NONE;
}

/** `podCIDR` is the first of `podCIDRs`; where they differ, it counts alone. All that a node has can be allocated. */
function defaultNode({ spec, status }: Node): void {
  const { podCIDR = '' } = spec;
  if (podCIDR !== '' && spec.podCIDRs?.[0] !== podCIDR) spec.podCIDRs = [podCIDR];
  const [first] = spec.podCIDRs ?? [];
  if (first !== undefined) spec.podCIDR = first;
  if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
}

function validateNode({ spec, status }: Node, old: Node | undefined): FieldError[] {
  return [
    // As in Kubernetes, the taints are named in the metadata.
    ...validateTaints('metadata.taints', spec.taints ?? []),
    ...validateAmounts(status),
    ...validateNetworks('spec.podCIDRs', spec.podCIDRs ?? []),
    ...(old === undefined ? [] : validateNodeChange(spec, old.spec)),
  ];
}

function validateTaints(field: string, taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const { key, value = '', effect } = taint;
    const path = `${field}[${index}]`;
    const valueErrors = labelValueErrors(value);
    const place = `${effect}:${key}`;
    const isRepeated = seen.has(place);
    seen.add(place);
    return [
      ...checkName(`${path}.key`, key, qualifiedNameErrors),
      ...(valueErrors.length === 0 ? [] : [invalidValue(`${path}.value`, value, valueErrors.join(';'))]),
      ...((effect as string) === ''
        ? [requiredValue(`${path}.effect`)]
        : checkOneOf(`${path}.effect`, effect, TAINT_EFFECTS)),
      ...(isRepeated
        ? [{ ...duplicateValue(path, taint), detail: 'taints must be unique by key and effect pair' }]
        : []),
    ];
  });
}

/** A node may have any resource; what is counted comes whole. */
function validateAmounts(status: NodeStatus | undefined): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((amounts) =>
    Object.entries(status?.[amounts] ?? {}).flatMap(([name, amount]) => [
      ...checkQuantity(`status.${amounts}.${name}`, amount),
      ...checkWhole(`status.${amounts}.${name}`, name, amount),
    ]),
  );
}

/** At most one network of each family. */
function validateNetworks(field: string, networks: readonly string[]): FieldError[] {
  const families = new Set(networks.map((network) => cidrFamily(withoutLeadingZeros(network))));
  const one = 'may specify no more than one CIDR for each IP family';
  return [
    ...networks.flatMap((network, index) => checkLegacyCidr(`${field}[${index}]`, network)),
    ...(networks.length > families.size ? [invalidValue(field, goStrings(networks), one)] : []),
  ];
}

function validateNodeChange(spec: NodeSpec, old: NodeSpec): FieldError[] {
  const before = old.podCIDRs ?? [];
  const isRehomed = (old.providerID ?? '') !== '' && spec.providerID !== old.providerID;
  const isMoved = before.length > 0 && checkUnchanged('', spec.podCIDRs, before).length > 0;
  const fixed = (what: string): string => `node updates may not change ${what} except from "" to valid`;
  return [
    ...(isMoved ? [forbiddenField('spec.podCIDRs', fixed('podCIDR'))] : []),
    ...(isRehomed ? [forbiddenField('spec.providerID', fixed('providerID'))] : []),
    ...((spec.externalID ?? '') === (old.externalID ?? '')
      ? []
      : [forbiddenField('spec.externalID', 'may not be updated')]),
  ];
}

/** What is wrong with what a kubelet says of its node. */
function validateNodeStatus(node: Node, old: Node): FieldError[] {
  const addresses = node.status?.addresses ?? [];
  const places = addresses.map(({ type, address }) => `${type}:${address}`);
  return [
    ...validateNode(node, old),
    ...addresses.flatMap((address, index) =>
      places.indexOf(places[index] ?? '') < index
        ? [duplicateValue(`status.addresses[${index}]`, address)]
        : [],
    ),
  ];
}

function nodeWarnings({ spec }: Node): string[] {
  const { externalID = '', podCIDRs = [] } = spec;
  return [
    ...(externalID === '' ? [] : ['spec.externalID: this field is deprecated, and is unused by Kubernetes']),
    ...podCIDRs.flatMap((network, index) => cidrWarnings(`spec.podCIDRs[${index}]`, network)),
  ];
}
