import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { formatLabelSelector } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelSelector, checkName, checkOneOf, checkPortOrName, checkRange } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { cidrErrors, cidrFamily } from '#api/ip-syntax.ts';
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
  applyDefaults: defaultNetworkPolicy,
  validate: validateNetworkPolicy,
  columns: [
    NAME_COLUMN,
    textColumn('Pod-Selector', 'Pods that it is for.', ({ spec }) => formatLabelSelector(spec.podSelector)),
    AGE_COLUMN,
  ],
});

function defaultNetworkPolicy({ spec }: NetworkPolicy): void {
  spec.podSelector ??= {};
  spec.policyTypes ??= (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
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
    ...(spec.policyTypes ?? []).flatMap((type, index) =>
      checkOneOf(`spec.policyTypes[${index}]`, type, ['Egress', 'Ingress']),
    ),
  ];
}

function validatePort(field: string, { port, endPort, protocol }: NetworkPolicyPort): FieldError[] {
  const isRange = endPort !== undefined;
  return [
    ...checkOneOf(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ...checkPortOrName(`${field}.port`, port),
    ...(isRange && typeof port !== 'number'
      ? [requiredValue(`${field}.endPort`, 'may not be specified when `port` is not a number')]
      : []),
    ...(isRange && typeof port === 'number' && endPort < port
      ? [invalidValue(`${field}.endPort`, endPort, 'must be greater than or equal to `port`')]
      : []),
    ...checkRange(`${field}.endPort`, endPort, { min: 1, max: 65535 }),
  ];
}

function validatePeer(
  field: string,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
): FieldError[] {
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) return [requiredValue(field, 'must specify a peer')];
  return [
    ...(selects && ipBlock !== undefined
      ? [forbiddenField(field, 'may not specify both ipBlock and another peer')]
      : []),
    ...checkLabelSelector(`${field}.podSelector`, podSelector),
    ...checkLabelSelector(`${field}.namespaceSelector`, namespaceSelector),
    ...(ipBlock === undefined ? [] : validateBlock(`${field}.ipBlock`, ipBlock)),
  ];
}

function validateBlock(field: string, { cidr, except = [] }: IPBlock): FieldError[] {
  return [
    ...checkName(`${field}.cidr`, cidr, cidrErrors),
    ...except.flatMap((hole, index) => {
      const path = `${field}.except[${index}]`;
      const isSameFamily = cidrFamily(hole) === undefined || cidrFamily(hole) === cidrFamily(cidr);
      return [
        ...checkName(path, hole, cidrErrors),
        ...(isSameFamily ? [] : [invalidValue(path, hole, 'must be a strict subset of `cidr`')]),
      ];
    }),
  ];
}
