import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Namespace, namespaceResource } from '#api/core/namespace.ts';
import { type Node, type NodeSpec, nodeResource } from '#api/core/node.ts';
import { type ServiceAccount, serviceAccountResource } from '#api/core/service-account.ts';
import { fieldErrorMessage } from '#api/status.ts';

const METADATA = { name: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-21T10:00:00Z' };

function node(spec: NodeSpec, status: Node['status'] = {}): Node {
  const made: Node = { apiVersion: 'v1', kind: 'Node', metadata: { ...METADATA }, spec, status };
  nodeResource.applyDefaults(made);
  return made;
}

function wrong(spec: NodeSpec, old?: NodeSpec, status?: Node['status']): string[] {
  return nodeResource
    .validate(node(spec, status), old === undefined ? undefined : node(old))
    .map(fieldErrorMessage);
}

test('the one network of a node and the first of its networks are the same', () => {
  assert.deepEqual(node({ podCIDR: '10.1.0.0/24' }).spec.podCIDRs, ['10.1.0.0/24']);
  assert.equal(node({ podCIDRs: ['10.1.0.0/24'] }).spec.podCIDR, '10.1.0.0/24');
  assert.deepEqual(node({ podCIDR: '10.1.0.0/24', podCIDRs: ['10.2.0.0/24'] }).spec, {
    podCIDR: '10.1.0.0/24',
    podCIDRs: ['10.1.0.0/24'],
  });
  assert.deepEqual(node({}, { capacity: { cpu: '4' } }).status?.allocatable, { cpu: '4' });
});

test('what is wrong with a node is named in the words of Kubernetes', () => {
  const taint = { key: 'a', effect: 'NoSchedule' } as const;
  assert.deepEqual(wrong({ taints: [taint], podCIDRs: ['10.1.0.0/24', 'fd00::/64'] }), []);
  assert.deepEqual(wrong({ taints: [taint, taint] }), [
    'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
  ]);
  assert.deepEqual(wrong({ taints: [{ key: 'a' } as never] }), ['metadata.taints[0].effect: Required value']);
  assert.deepEqual(wrong({ podCIDRs: ['10.1.0.0/24', '10.2.0.0/24'] }), [
    'spec.podCIDRs: Invalid value: []string{"10.1.0.0/24", "10.2.0.0/24"}: may specify no more than one CIDR for each IP family',
  ]);
  assert.deepEqual(wrong({}, undefined, { capacity: { pods: '1500m' } }), [
    'status.capacity.pods: Invalid value: "1500m": must be an integer',
    'status.allocatable.pods: Invalid value: "1500m": must be an integer',
  ]);
  assert.deepEqual(
    wrong({ podCIDR: '10.2.0.0/24', providerID: 'b' }, { podCIDR: '10.1.0.0/24', providerID: 'a' }),
    [
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ],
  );
  const address = { type: 'InternalIP', address: '10.0.0.1' };
  const twice = node({}, { addresses: [address, address] });
  assert.deepEqual(nodeResource.validateStatus?.(twice, node({})).map(fieldErrorMessage), [
    'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
  ]);
});

test('a namespace stays until it is empty, and its phase follows its deletion', () => {
  const namespace = (finalizers: string[]): Namespace => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { ...METADATA },
    spec: { finalizers },
    status: { phase: 'Active' },
  });
  const made = namespace(['example.com/keep']);
  namespaceResource.prepare?.(made, undefined);
  assert.deepEqual(made.spec.finalizers, ['example.com/keep', 'kubernetes']);
  assert.deepEqual(namespaceResource.validate(namespace(['keep']), undefined).map(fieldErrorMessage), [
    'spec.finalizers: Invalid value: "keep": name is neither a standard finalizer name nor is it fully qualified',
  ]);
  const ended: Namespace = { ...namespace([]), status: { phase: 'Terminating' } };
  assert.deepEqual(namespaceResource.validateStatus?.(ended, namespace([])).map(fieldErrorMessage), [
    'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
  ]);
});

test('an account knows the names of its secrets', () => {
  const account: ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...METADATA, annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 's', namespace: 'other', uid: 'u' }, { name: 't' }],
  };
  serviceAccountResource.prepare?.(account, undefined);
  assert.deepEqual(account.secrets, [{ name: 's' }, { name: 't' }]);
  assert.equal(serviceAccountResource.warnings?.(account, undefined).length, 1);
  assert.equal(serviceAccountResource.warnings?.(account, account).length, 0);
});
