import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndpointSlice, endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import { type Ingress, type IngressSpec, ingressResource } from '#api/networking/ingress.ts';
import {
  type NetworkPolicy,
  type NetworkPolicySpec,
  networkPolicyResource,
} from '#api/networking/network-policy.ts';
import type { ObjectMeta } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

const METADATA: ObjectMeta = {
  name: 'n',
  namespace: 'default',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '',
};

test('an ingress is told what is wrong with it', () => {
  const messages = (spec: IngressSpec): string[] => {
    const ingress: Ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: METADATA,
      spec,
    };
    return ingressResource.validate(ingress, undefined).map(fieldErrorMessage);
  };
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const path = { path: '/', pathType: 'Prefix', backend } as const;
  const withPath = (changed: object): IngressSpec => ({
    rules: [{ http: { paths: [{ ...path, ...changed }] } }],
  });
  const field = 'spec.rules[0].http.paths[0]';
  assert.deepEqual(messages({ rules: [{ host: '*.example.com', http: { paths: [path] } }] }), []);
  assert.deepEqual(messages({}), [
    'spec: Invalid value: []: either `defaultBackend` or `rules` must be specified',
  ]);
  assert.deepEqual(messages(withPath({ path: 'x' })), [
    `${field}.path: Invalid value: "x": must be an absolute path`,
  ]);
  assert.deepEqual(messages(withPath({ pathType: 'Odd' })), [
    `${field}.pathType: Unsupported value: "Odd": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
  ]);
  assert.deepEqual(messages(withPath({ backend: { service: { name: 'web' } } })), [
    `${field}.backend: Required value: port name or number is required`,
  ]);
  assert.deepEqual(messages({ rules: [{ host: '10.0.0.1' }] }), [
    'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
  ]);
});

test('a network policy is for what it says, or for ingress', () => {
  const policy = (spec: NetworkPolicySpec): NetworkPolicy => {
    const made: NetworkPolicy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: METADATA,
      spec,
    };
    networkPolicyResource.applyDefaults(made);
    return made;
  };
  const messages = (spec: NetworkPolicySpec): string[] =>
    networkPolicyResource.validate(policy(spec), undefined).map(fieldErrorMessage);
  assert.deepEqual(policy({}).spec, { podSelector: {}, policyTypes: ['Ingress'] });
  assert.deepEqual(policy({ egress: [{ ports: [{ port: 53 }] }] }).spec.policyTypes, ['Ingress', 'Egress']);
  assert.deepEqual(messages({ ingress: [{ from: [{}] }] }), [
    'spec.ingress[0].from[0]: Required value: must specify a peer',
  ]);
  assert.deepEqual(
    messages({ ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] }),
    ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
  );
  assert.deepEqual(messages({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/40' } }] }] }), [
    'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10.0.0.0/40": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ]);
  assert.deepEqual(messages({ ingress: [{ ports: [{ port: 90, endPort: 80 }] }] }), [
    'spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`',
  ]);
});

test('an endpoint slice holds addresses of its one type', () => {
  const messages = (fields: Partial<EndpointSlice>, old?: Partial<EndpointSlice>): string[] => {
    const slice = (more: Partial<EndpointSlice>): EndpointSlice => {
      const made = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: METADATA,
        addressType: 'IPv4',
        ...more,
      } as EndpointSlice;
      endpointSliceResource.applyDefaults(made);
      return made;
    };
    return endpointSliceResource
      .validate(slice(fields), old === undefined ? undefined : slice(old))
      .map(fieldErrorMessage);
  };
  assert.deepEqual(messages({}), []);
  assert.deepEqual(messages({ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }), []);
  assert.deepEqual(messages({ endpoints: [{ addresses: ['2001:db8::1'] }] }), [
    'endpoints[0].addresses: Invalid value: "2001:db8::1": must be an IPv4 address',
  ]);
  assert.deepEqual(messages({ endpoints: [{ addresses: [] }] }), [
    'endpoints[0].addresses: Required value: must contain at least 1 address',
  ]);
  assert.deepEqual(messages({ ports: [{ port: 80 }, { port: 81 }] }), ['ports[1].name: Duplicate value: ""']);
  assert.deepEqual(messages({ addressType: 'IPv6' }, {}), [
    'addressType: Invalid value: "IPv6": field is immutable',
  ]);
});
