import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '#api/core/secret.ts';
import type { Image } from '#cri/runtime.ts';
import { imagesToRemove, neededImages } from '#kubelet/images/image-collection.ts';
import { isImageName, isPinned } from '#kubelet/images/image-name.ts';
import { credentialsFor } from '#kubelet/images/registry-credentials.ts';
import { containerOf, podOf } from '#kubelet/pod-facts.fixture.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test('image names', () => {
  const good = [
    'nginx',
    'nginx:1.28',
    'library/nginx',
    'docker.io/library/nginx:latest',
    'localhost/app',
    'localhost:5000/app:v1',
    'registry:5000/a/b_c__d-e.f',
    'ghcr.io/o/app:v1',
    `nginx@${DIGEST}`,
    `nginx:1.28@${DIGEST}`,
    '[::1]:5000/app',
    '10.0.0.1:5000/app',
  ];
  const bad = [
    '',
    ' ',
    'Nginx',
    'nginx:',
    'nginx:a b',
    ':1',
    '/nginx',
    'nginx/',
    'a//b',
    'nginx@sha256:short',
    'http://nginx',
    'nginx;rm',
    '-x',
    `${'a'.repeat(10)}:${'b'.repeat(200)}`,
  ];
  for (const name of good) assert.equal(isImageName(name), true, name);
  for (const name of bad) assert.equal(isImageName(name), false, name);
  assert.deepEqual([isPinned(`nginx@${DIGEST}`), isPinned('nginx:1.28')], [true, false]);
});

function secretOf(auths: unknown, type = 'kubernetes.io/dockerconfigjson'): Secret {
  const field = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson';
  const content = type === 'kubernetes.io/dockercfg' ? auths : { auths };
  const data = { [field]: Buffer.from(JSON.stringify(content)).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', uid: 's', resourceVersion: '1', creationTimestamp: '' },
    type,
    data,
  };
}

const named = (username: string) => ({ username, password: 'p', identityToken: '' });

test('pull secrets give their credentials to the registries that they name, the longest path first', () => {
  const secrets = [
    secretOf({
      'ghcr.io': { username: 'wide', password: 'p' },
      'https://ghcr.io/team': { auth: Buffer.from('narrow:p').toString('base64') },
    }),
    secretOf(
      { 'https://index.docker.io/v1/': { username: 'hub', password: 'p' } },
      'kubernetes.io/dockercfg',
    ),
    secretOf({ 'ghcr.io': 'nonsense', 'token.io': { identitytoken: 't' } }),
    { ...secretOf({}), data: { '.dockerconfigjson': 'bm8ganNvbg==' } },
    secretOf({ 'ghcr.io': { username: 'x', password: 'p' } }, 'Opaque'),
  ];
  assert.deepEqual(credentialsFor('ghcr.io/team/app:1', secrets), [named('narrow'), named('wide')]);
  assert.deepEqual(credentialsFor('ghcr.io/teamwork/app', secrets), [named('wide')]);
  assert.deepEqual(credentialsFor('nginx', secrets), [named('hub')]);
  assert.deepEqual(credentialsFor('token.io/app', secrets), [
    { username: '', password: '', identityToken: 't' },
  ]);
  assert.deepEqual(credentialsFor('quay.io/app', secrets), []);
});

const MIB = 1024 * 1024;

function imageOf(name: string, sizeBytes = 100 * MIB): Image {
  return { id: `sha256:${name}`, tags: [`docker.io/library/${name}:1`], digests: [], sizeBytes };
}

test('images go only when the disk is nearly full, the longest idle first, and never one that is needed', () => {
  const images = ['used', 'old', 'older', 'fresh'].map((name) => imageOf(name));
  const facts = {
    images,
    needed: neededImages([], [podOf({ containers: [{ name: 'main', image: 'used:1' }] })]),
    lastNeededMs: new Map([
      ['sha256:used', 0],
      ['sha256:old', 2000],
      ['sha256:older', 1000],
      ['sha256:fresh', 990_000],
    ]),
    monotonicMs: 1_000_000,
  };
  const removed = (usedMib: number) =>
    imagesToRemove({ ...facts, space: { totalBytes: 1000 * MIB, freeBytes: (1000 - usedMib) * MIB } }).map(
      ({ id }) => id,
    );
  assert.deepEqual(removed(850), []);
  assert.deepEqual(removed(870), ['sha256:older']);
  assert.deepEqual(removed(950), ['sha256:older', 'sha256:old']);
  assert.deepEqual(removed(1000), ['sha256:older', 'sha256:old'], 'what was needed moments ago stays');
});

test('containers need their images by whatever name the runtime gives', () => {
  const needed = neededImages([containerOf({ image: 'sha256:used' })], []);
  assert.ok(
    needed.has('sha256:used') && needed.has('sha256:used@sha256:1') && needed.has('localhost/pause:1'),
  );
});
