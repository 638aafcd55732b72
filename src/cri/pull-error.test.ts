import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imagePullError } from '#cri/pull-error.ts';
import { type GrpcCode, GrpcError } from '#system/grpc.ts';

describe('the reason of a failed pull', () => {
  const wrapped = (rest: string): string =>
    `failed to pull and unpack image "docker.io/library/app:1": failed to resolve reference "docker.io/library/app:1": ${rest}`;
  const situations: [what: string, code: GrpcCode, text: string, reason: string, detail: string][] = [
    [
      'a tag that is not there',
      'NOT_FOUND',
      wrapped('docker.io/library/app:1: not found'),
      'notFound',
      'docker.io/library/app:1: not found',
    ],
    [
      'a repository that is not there, or private',
      'UNKNOWN',
      wrapped(
        'pull access denied, repository does not exist or may require authorization: authorization failed',
      ),
      'refused',
      'pull access denied, repository does not exist or may require authorization: authorization failed',
    ],
    [
      'a registry that refuses',
      'UNKNOWN',
      wrapped('unexpected status code [manifests 1]: 403 Forbidden'),
      'refused',
      'unexpected status code [manifests 1]: 403 Forbidden',
    ],
    [
      'a name that does not resolve',
      'UNKNOWN',
      wrapped(
        'failed to do request: Head "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
      ),
      'unavailable',
      'Head "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
    ],
    [
      'a registry that asks to wait',
      'UNKNOWN',
      wrapped('unexpected status code [manifests 1]: 429 Too Many Requests'),
      'unavailable',
      'unexpected status code [manifests 1]: 429 Too Many Requests',
    ],
    [
      'a name that is none',
      'INVALID_ARGUMENT',
      'invalid reference format',
      'refused',
      'invalid reference format',
    ],
    [
      'the end of patience',
      'DEADLINE_EXCEEDED',
      'no answer within 3600000 ms',
      'unavailable',
      'no answer within 3600000 ms',
    ],
  ];
  for (const [what, code, text, reason, detail] of situations) {
    it(`is ${reason} for ${what}`, () => {
      const error = imagePullError('app:1', new GrpcError(code, text));
      assert.equal(error.reason, reason);
      assert.ok(error.message.startsWith('image "app:1" '), error.message);
      assert.ok(error.message.endsWith(`: ${detail}`), error.message);
    });
  }

  it('cuts what a registry says at length', () => {
    assert.ok(imagePullError('app:1', new GrpcError('UNKNOWN', 'x'.repeat(5000))).message.length < 400);
  });
});
