import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { formatLabelSelector } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelSelector, checkName, checkOneOf, checkPort, checkPortOrName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { cidrWarnings } from '#api/ip-form.ts';
import { containsAddress, parseIpNetwork } from '#api/ip-network.ts';
import { cidrErrors } from '#api/ip-syntax.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `networking.k8s.io/v1.NetworkPolicy`. */
export interface NetworkPolicy extends KubeObject {
  apiVersion: 'networking.k8s.io/v1';
  kind: 'NetworkPolicy';
  spec: NetworkPolicySpec;
}

/** `networking.k8s.io/v1.NetworkPolicySpec`. */
export interface NetworkPolicySpec {
  egress?: NetworkPolicyEgressRule[];
  ingress?: NetworkPolicyIngressRule[];
  podSelector?: LabelSelector;
  policyTypes?: Array<'Ingress' | 'Egress'>;
}

/** `networking.k8s.io/v1.NetworkPolicyIngressRule`. */
export interface NetworkPolicyIngressRule {
  from?: NetworkPolicyPeer[];
  ports?: NetworkPolicyPort[];
}

/** `networking.k8s.io/v1.NetworkPolicyEgressRule`. */
export interface NetworkPolicyEgressRule {
  ports?: NetworkPolicyPort[];
  to?: NetworkPolicyPeer[];
}

/** `networking.k8s.io/v1.NetworkPolicyPort`. */
export interface NetworkPolicyPort {
  endPort?: number;
  port?: number | string;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
}

/** `networking.k8s.io/v1.NetworkPolicyPeer`. */
export interface NetworkPolicyPeer {
  ipBlock?: IPBlock;
  namespaceSelector?: LabelSelector;
  podSelector?: LabelSelector;
}

/** `networking.k8s.io/v1.IPBlock`. */
export interface IPBlock {
  cidr: string;
  except?: string[];
}

/** `networkpolicies.networking.k8s.io`. */
export const networkPolicyResource: ResourceType<NetworkPolicy> = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  schema: 'networking/v1.NetworkPolicy',
  fillsZeros: true,
  warnings: warningsOf,
  applyDefaults: defaultNetworkPolicy,
  validate: validateNetworkPolicy,
  columns: [
    NAME_COLUMN,
    textColumn('Pod-Selector', 'Pods that it is for.', ({ spec }) => formatLabelSelector(spec.podSelector)),
    AGE_COLUMN,
  ],
});

const POLICY_TYPES = ['Ingress', 'Egress'];

function defaultNetworkPolicy({ spec }: NetworkPolicy): void {
  spec.podSelector ??= {};
  if ((spec.policyTypes ?? []).length === 0)
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  for (const { ports = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports) port.protocol ??= 'TCP';
  }
}

function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  return [
    ...checkLabelSelector('spec.podSelector', spec.podSelector),
    ...(spec.ingress ?? []).flatMap(({ ports = [], from = [] }, index) => [
      ...ports.flatMap((port, at) => validatePort(`spec.ingress[${index}].ports[${at}]`, port)),
      ...from.flatMap((peer, at) => validatePeer(`spec.ingress[${index}].from[${at}]`, peer)),
    ]),
    ...(spec.egress ?? []).flatMap(({ ports = [], to = [] }, index) => [
      ...ports.flatMap((port, at) => validatePort(`spec.egress[${index}].ports[${at}]`, port)),
      ...to.flatMap((peer, at) => validatePeer(`spec.egress[${index}].to[${at}]`, peer)),
    ]),
    ...validateTypes(spec.policyTypes ?? []),
  ];
}

function validateTypes(types: readonly string[]): FieldError[] {
  if (types.length > POLICY_TYPES.length)
    return [invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  return types.flatMap((type, index) => checkOneOf(`spec.policyTypes[${index}]`, type, POLICY_TYPES));
}

function validatePort(field: string, { port, endPort, protocol }: NetworkPolicyPort): FieldError[] {
  return [
    ...checkOneOf(`${field}.protocol`, protocol, ['TCP', 'UDP', 'SCTP']),
    ...checkPortOrName(`${field}.port`, port),
    ...(endPort === undefined ? [] : validateEndPort(`${field}.endPort`, endPort, port)),
  ];
}

function validateEndPort(field: string, endPort: number, port: number | string | undefined): FieldError[] {
  if (typeof port !== 'number') {
    const what = port === undefined ? 'not specified' : 'non-numeric';
    return [invalidValue(field, endPort, `may not be specified when \`port\` is ${what}`)];
  }
  return [
    ...(endPort < port ? [invalidValue(field, port, 'must be greater than or equal to `port`')] : []),
    ...checkPort(field, endPort),
  ];
}

function validatePeer(
  field: string,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
): FieldError[] {
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) return [requiredValue(field, 'must specify a peer')];
  return [
    ...checkLabelSelector(`${field}.podSelector`, podSelector),
    ...checkLabelSelector(`${field}.namespaceSelector`, namespaceSelector),
    ...(ipBlock === undefined ? [] : validateBlock(`${field}.ipBlock`, ipBlock)),
    ...(selects && ipBlock !== undefined
      ? [forbiddenField(field, 'may not specify both ipBlock and another peer')]
      : []),
  ];
}

function validateBlock(field: string, { cidr, except = [] }: IPBlock): FieldError[] {
  if (cidr === '') return [requiredValue(`${field}.cidr`)];
  const network = parseIpNetwork(cidr);
  if (network === undefined) return checkName(`${field}.cidr`, cidr, cidrErrors);
  return except.flatMap((text, index) => {
    const path = `${field}.except[${index}]`;
    const hole = parseIpNetwork(text);
    if (hole === undefined) return checkName(path, text, cidrErrors);
    const isWithin = hole.length > network.length && containsAddress(network, hole.address);
    return isWithin ? [] : [invalidValue(path, text, 'must be a strict subset of `cidr`')];
  });
}

/** Networks that are not written as they should be. */
function warningsOf({ spec }: NetworkPolicy): string[] {
  const blocks = (field: string, peers: readonly NetworkPolicyPeer[] = []): string[] =>
    peers.flatMap(({ ipBlock }, at) => {
      if (ipBlock === undefined) return [];
      const path = `${field}[${at}].ipBlock`;
      const holes = ipBlock.except ?? [];
      return [
        ...cidrWarnings(`${path}.cidr`, ipBlock.cidr),
        ...holes.flatMap((hole, index) => cidrWarnings(`${path}.except[${index}]`, hole)),
      ];
    });
  return [
    ...(spec.ingress ?? []).flatMap(({ from }, index) => blocks(`spec.ingress[${index}].from`, from)),
    ...(spec.egress ?? []).flatMap(({ to }, index) => blocks(`spec.egress[${index}].to`, to)),
  ];
}
