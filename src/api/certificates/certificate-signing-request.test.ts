import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateSigningRequestResource } from '#api/certificates/certificate-signing-request.ts';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';

const REQUEST = {
  metadata: { name: 'a' },
  spec: { signerName: 'example.com/s', usages: ['client auth'], request: 'LS0t' },
};

test('a request names a signer, and each use of the certificate once', () => {
  const cases: [Change, string[]][] = [
    [['spec.signerName', undefined], ['spec.signerName: Required value']],
    [
      ['spec.signerName', 'a'],
      [
        'spec.signerName: Invalid value: "a": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      ],
    ],
    [
      ['spec.signerName', 'a/b'],
      [
        'spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots',
      ],
    ],
    [
      ['spec.signerName', 'kubernetes.io/legacy-unknown'],
      [
        'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      ],
    ],
    [['spec.usages', undefined], ['spec.usages: Required value']],
    [['spec.usages', ['any', 'any']], ['spec.usages[1]: Duplicate value: "any"']],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(certificateSigningRequestResource, REQUEST, { changes: [change] }), wanted);
});

test('what was asked for stays, whatever is sent later', () => {
  const old = changedObject(certificateSigningRequestResource, REQUEST);
  const next = changedObject(certificateSigningRequestResource, REQUEST, [['spec.usages', ['any']]]);
  certificateSigningRequestResource.prepare?.(next, old);
  assert.deepEqual(next.spec, old.spec);
});
