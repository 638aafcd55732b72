import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';
import { csiDriverResource } from '#api/storage/csi-driver.ts';
import { csiNodeResource } from '#api/storage/csi-node.ts';
import { csiStorageCapacityResource } from '#api/storage/csi-storage-capacity.ts';
import { storageClassResource } from '#api/storage/storage-class.ts';
import { volumeAttachmentResource } from '#api/storage/volume-attachment.ts';
import { volumeAttributesClassResource } from '#api/storage/volume-attributes-class.ts';

const CLASS = {
  metadata: { name: 'fast' },
  provisioner: 'example.com/disk',
  allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }],
};

test('a storage class names who makes its volumes, and where', () => {
  const term = 'allowedTopologies[0].matchLabelExpressions[0]';
  const cases: [Change, string[]][] = [
    [['allowedTopologies', undefined], []],
    [['provisioner', undefined], ['provisioner: Required value']],
    [['parameters', { '': 'x' }], ['parameters: Invalid value: "": field can not be empty.']],
    [['reclaimPolicy', ''], []],
    [['reclaimPolicy', 'a'], ['reclaimPolicy: Unsupported value: "a": supported values: "Delete", "Retain"']],
    [[`${term}.values`, ['a', 'a']], [`${term}.values[1]: Duplicate value: "a"`]],
    [['allowedTopologies', [{}]], ['allowedTopologies[0].matchLabelExpressions: Duplicate value: ""']],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(storageClassResource, CLASS, { changes: [change] }), wanted);
});

test('a class of volumes stays as it is, but for what it lets volumes do', () => {
  const update = (change: Change): string[] =>
    messagesOf(storageClassResource, CLASS, { changes: [change], update: true });
  assert.deepEqual(update(['allowVolumeExpansion', true]), []);
  assert.deepEqual(update(['parameters', { a: 'b' }]), [
    'parameters: Forbidden: updates to parameters are forbidden.',
  ]);
  assert.deepEqual(update(['volumeBindingMode', 'WaitForFirstConsumer']), [
    'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
  ]);
  const attributes = { metadata: { name: 'a' }, driverName: 'example.com', parameters: { a: 'b' } };
  const changes: Change[] = [['driverName', 'example.org']];
  assert.deepEqual(messagesOf(volumeAttributesClassResource, attributes, { changes, update: true }), [
    'driverName: Forbidden: updates to driverName are forbidden.',
  ]);
});

test('a volume is selected by labels that nodes still have', () => {
  const terms: Change = [
    'allowedTopologies',
    [{ matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone', values: ['a'] }] }],
  ];
  assert.deepEqual(
    storageClassResource.warnings?.(changedObject(storageClassResource, CLASS, [terms]), undefined),
    [
      'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    ],
  );
});

test('a capacity is any amount of at least nothing', () => {
  const capacity = {
    metadata: { name: 'a' },
    storageClassName: 'fast',
    capacity: '1Gi',
    maximumVolumeSize: '1Gi',
  };
  const check = (change: Change): string[] =>
    messagesOf(csiStorageCapacityResource, capacity, { changes: [change] });
  assert.deepEqual(check(['maximumVolumeSize', '-1']), []);
  assert.deepEqual(check(['capacity', '-1']), [
    'capacity: Invalid value: "-1": must be greater than or equal to 0',
  ]);
});

test('a driver asks for tokens of several audiences, and of some life', () => {
  const driver = { metadata: { name: 'example.com' }, spec: {} };
  const check = (requests: Array<{ audience: string; expirationSeconds?: number }>): string[] =>
    messagesOf(csiDriverResource, driver, { changes: [['spec.tokenRequests', requests]] });
  assert.deepEqual(check([{ audience: '' }, { audience: 'a', expirationSeconds: 600 }]), []);
  assert.deepEqual(check([{ audience: 'a' }, { audience: 'a' }]), [
    'spec.tokenRequests[1].audience: Duplicate value: "a"',
  ]);
  assert.deepEqual(check([{ audience: 'a', expirationSeconds: 599 }]), [
    'spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  ]);
  assert.deepEqual(
    messagesOf(csiDriverResource, driver, { changes: [['spec.attachRequired', false]], update: true }),
    ['spec.attachedRequired: Invalid value: false: field is immutable'],
  );
});

test('the drivers of a node come and go, and do not change', () => {
  const node = { metadata: { name: 'a' }, spec: { drivers: [{ name: 'example.com', nodeID: 'a' }] } };
  const check = (change: Change, update = false): string[] =>
    messagesOf(csiNodeResource, node, { changes: [change], update });
  const field = 'spec.drivers[0]';
  assert.deepEqual(check([`${field}.nodeID`, undefined]), [`${field}.nodeID: Required value`]);
  assert.deepEqual(check([`${field}.allocatable`, { count: -1 }]), [
    `${field}.allocatable.count: Invalid value: -1: must be greater than or equal to 0`,
  ]);
  assert.deepEqual(check([`${field}.topologyKeys`, ['a', 'a']]), [`${field}: Duplicate value: "a"`]);
  assert.deepEqual(check(['spec.drivers', []], true), []);
  assert.match(check([`${field}.nodeID`, 'b'], true).join(), /^spec.drivers: .*: field is immutable$/);
});

test('an attachment is of one volume, and says what went wrong in few words', () => {
  const attachment = {
    metadata: { name: 'a' },
    spec: { attacher: 'example.com', nodeName: 'a', source: { persistentVolumeName: 'v' } },
  };
  const check = (change: Change): string[] =>
    messagesOf(volumeAttachmentResource, attachment, { changes: [change] });
  assert.deepEqual(check(['spec.source', {}]), [
    'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
  ]);
  assert.equal(check(['spec.nodeName', 'A_b']).length, 1);
  const failed = changedObject(volumeAttachmentResource, attachment, [
    ['status', { attachError: { message: 'x'.repeat(1025) } }],
  ]);
  assert.deepEqual(
    volumeAttachmentResource.validateStatus?.(failed, failed).map(({ field }) => field),
    ['status.attachError.message'],
  );
});
