import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceRequirements } from '#api/core/container.ts';
import type { PodSecurityContext, SecurityContext } from '#api/core/security-context.ts';
import type { ContainerResources, Image } from '#cri/runtime.ts';
import { resourcesOf } from '#kubelet/container/resources.ts';
import { securityOf } from '#kubelet/container/security.ts';
import { podOf } from '#kubelet/pod-facts.fixture.ts';

const GIB = 1024 ** 3;

const RESOURCES: readonly [string, ResourceRequirements, ContainerResources][] = [
  ['nothing asked for', {}, { cpuShares: 2, oomScoreAdj: 1000 }],
  ['a request for CPU', { requests: { cpu: '500m' } }, { cpuShares: 512, oomScoreAdj: 999 }],
  [
    'limits',
    { limits: { cpu: '1500m', memory: '1Gi' } },
    { cpuShares: 1536, cpuQuota: 150_000, cpuPeriod: 100_000, memoryLimitBytes: GIB, oomScoreAdj: -997 },
  ],
  [
    'a tiny CPU limit',
    { limits: { cpu: '1m' } },
    { cpuShares: 2, cpuQuota: 1000, cpuPeriod: 100_000, oomScoreAdj: 999 },
  ],
  ['half the memory', { requests: { memory: '4Gi' } }, { cpuShares: 2, oomScoreAdj: 500 }],
  ['nearly all of it', { requests: { memory: '8Gi' } }, { cpuShares: 2, oomScoreAdj: 3 }],
];

for (const [what, resources, want] of RESOURCES) {
  test(`cgroup settings for ${what}`, () => {
    const container = { name: 'main', resources };
    assert.deepEqual(
      resourcesOf(podOf({ containers: [container] }), container, { memoryBytes: 8 * GIB }),
      want,
    );
  });
}

const root: Image = { id: 'i', tags: [], digests: [], sizeBytes: 1, uid: 0 };
const context = { image: root, seccompFolder: '/seccomp' };

function secure(own: SecurityContext, shared: PodSecurityContext = {}, image = root) {
  const container = { name: 'main', securityContext: own };
  return securityOf(podOf({ securityContext: shared, containers: [container] }), container, {
    ...context,
    image,
  });
}

test('a container has its own settings, else those of its pod', () => {
  assert.deepEqual(secure({}), {
    privileged: false,
    addCapabilities: [],
    dropCapabilities: [],
    readOnlyRootFilesystem: false,
    noNewPrivileges: false,
    supplementalGroups: [],
    seccomp: { type: 'runtimeDefault' },
  });
  const set = secure(
    {
      runAsUser: 1,
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' },
    },
    { runAsUser: 2, runAsGroup: 3, fsGroup: 4, seccompProfile: { type: 'Unconfined' } },
  );
  assert.deepEqual(
    [set.runAsUser, set.runAsGroup, set.supplementalGroups, set.noNewPrivileges],
    [1, 3, [4], true],
  );
  assert.deepEqual([set.addCapabilities, set.dropCapabilities], [['NET_ADMIN'], ['ALL']]);
  assert.deepEqual(set.seccomp, { type: 'localhost', path: '/seccomp/a.json' });
  assert.deepEqual(secure({ privileged: true, allowPrivilegeEscalation: false }).noNewPrivileges, false);
});

test('runAsNonRoot refuses root, and a user that cannot be told from root', () => {
  const refused: [SecurityContext, Image, RegExp][] = [
    [{ runAsUser: 0 }, root, /runAsUser breaks non-root policy/u],
    [{}, root, /image will run as root/u],
    [{}, { id: 'i', tags: [], digests: [], sizeBytes: 1 }, /image will run as root/u],
    [{}, { id: 'i', tags: [], digests: [], sizeBytes: 1, username: 'app' }, /non-numeric user \(app\)/u],
  ];
  for (const [own, image, message] of refused) {
    assert.throws(() => secure(own, { runAsNonRoot: true }, image), {
      message,
      reason: 'CreateContainerConfigError',
    });
  }
  assert.equal(secure({ runAsUser: 1 }, { runAsNonRoot: true }).runAsUser, 1);
  assert.equal(secure({ runAsNonRoot: false }, { runAsNonRoot: true }).runAsUser, undefined);
  assert.equal(secure({}, { runAsNonRoot: true }, { ...root, uid: 9 }).runAsUser, undefined);
});
