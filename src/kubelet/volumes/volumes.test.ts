import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigMap } from '#api/core/config-map.ts';
import type { PersistentVolume } from '#api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import type { Secret } from '#api/core/secret.ts';
import type { Volume } from '#api/core/volume.ts';
import { podOf } from '#kubelet/pod-facts.fixture.ts';
import { podPaths } from '#kubelet/pod-paths.ts';
import { fingerprintOf } from '#kubelet/volumes/inputs.ts';
import { noMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import type { MountedVolume, VolumeContext, VolumeObjects } from '#kubelet/volumes/volume.ts';
import { kindOf } from '#kubelet/volumes/volume-kinds.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const META = { uid: 'x', resourceVersion: '1', creationTimestamp: '', namespace: 'default' };
const settings: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...META, name: 'settings' },
  data: { mode: 'fast' },
  binaryData: { blob: 'AAE=' },
};
const key: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { ...META, name: 'key' },
  data: { password: 'aHVzaA==' },
};

function claimOf(name: string, phase: 'Bound' | 'Pending', volumeName?: string): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...META, name, uid: name },
    spec: volumeName === undefined ? {} : { volumeName },
    status: { phase },
  };
}

function volumeOf(name: string, spec: PersistentVolume['spec']): PersistentVolume {
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { ...META, name }, spec };
}

const claims = [
  claimOf('good', 'Bound', 'pv'),
  claimOf('early', 'Pending'),
  claimOf('web-own', 'Bound', 'pv'),
  claimOf('other', 'Bound', 'taken'),
  claimOf('far', 'Bound', 'nfs'),
];
const persistentVolumes = [
  volumeOf('pv', { hostPath: { path: '/srv/pv', type: 'DirectoryOrCreate' } }),
  volumeOf('taken', { hostPath: { path: '/srv/x' }, claimRef: { uid: 'somebody' } }),
  volumeOf('nfs', { nfs: { server: 's', path: '/' } }),
];

const objects: VolumeObjects = {
  configMap: (name) => (name === 'settings' ? settings : undefined),
  secret: (name) => (name === 'key' ? key : undefined),
  claim: (name) => claims.find(({ metadata }) => metadata.name === name),
  persistentVolume: (name) => persistentVolumes.find(({ metadata }) => metadata.name === name),
};

interface Bench {
  readonly disk: SimulatedDisk;
  readonly clock: SimulatedClock;
  mount(volume: Omit<Volume, 'name'>, more?: Partial<VolumeContext>): Promise<MountedVolume>;
  /** Content and mode of each file that a container would see. */
  files(folder: string): Promise<Record<string, string>>;
}

function createBench(): Bench {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  const context = {
    pod: podOf(),
    objects,
    disk,
    clock,
    random: seededRandom(1),
    paths: podPaths('/data'),
    mounts: noMemoryMounts,
    requestToken: async ({ audience }: { audience: string }) => ({
      token: `for ${audience}`,
      expiresMs: clock.now() + 3600_000,
    }),
    allocatable: { cpu: '4' },
  };
  const filesBelow = async (folder: string, prefix: string): Promise<[string, string][]> => {
    const found: [string, string][] = [];
    for (const name of await disk.list(`${folder}/..data/${prefix}`)) {
      const path = `${folder}/..data/${prefix}${name}`;
      const stat = await disk.stat(path);
      if (stat?.type === 'directory') found.push(...(await filesBelow(folder, `${prefix}${name}/`)));
      else
        found.push([
          `${prefix}${name}`,
          `${Buffer.from((await disk.read(path)) ?? []).toString()} ${stat?.mode.toString(8)}`,
        ]);
    }
    return found;
  };
  return {
    disk,
    clock,
    mount: (volume, more = {}) =>
      kindOf({ name: 'own', ...volume }).setUp({ ...context, volume: { name: 'own', ...volume }, ...more }),
    files: async (folder) => Object.fromEntries(await filesBelow(folder, '')),
  };
}

const FILES: readonly [string, Omit<Volume, 'name'>, Record<string, string>][] = [
  ['a ConfigMap', { configMap: { name: 'settings' } }, { blob: '\0\u0001 644', mode: 'fast 644' }],
  [
    'chosen keys with paths and modes',
    {
      configMap: {
        name: 'settings',
        defaultMode: 0o600,
        items: [
          { key: 'mode', path: 'etc/app/mode' },
          { key: 'mode', path: 'm', mode: 0o444 },
        ],
      },
    },
    { 'etc/app/mode': 'fast 600', m: 'fast 444' },
  ],
  ['a Secret', { secret: { secretName: 'key', defaultMode: 0o400 } }, { password: 'hush 400' }],
  ['an optional object that is not there', { secret: { secretName: 'none', optional: true } }, {}],
  [
    'fields of the pod',
    {
      downwardAPI: {
        items: [
          { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
          { path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' } },
        ],
      },
    },
    { cpu: '4 644', name: 'web 644' },
  ],
  [
    'several sources',
    {
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', audience: 'me' } },
          { configMap: { name: 'settings', items: [{ key: 'mode', path: 'mode' }] } },
          { secret: { name: 'key' } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
    { mode: 'fast 644', namespace: 'default 644', password: 'hush 644', token: 'for me 644' },
  ],
];

for (const [what, volume, want] of FILES) {
  test(`a volume of ${what}`, async () => {
    const { mount, files } = createBench();
    assert.deepEqual(await files((await mount(volume)).hostPath), want);
  });
}

const REFUSED: readonly [Omit<Volume, 'name'>, string][] = [
  [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
  [
    { configMap: { name: 'settings', items: [{ key: 'k', path: 'k' }] } },
    'configmap "settings" references non-existent key: k',
  ],
  [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
  [
    { configMap: { name: 'settings', items: [{ key: 'mode', path: '../../etc/passwd' }] } },
    'the path "../../etc/passwd" must be relative and stay inside the volume',
  ],
  [{ persistentVolumeClaim: { claimName: 'none' } }, 'persistentvolumeclaim "none" not found'],
  [
    { persistentVolumeClaim: { claimName: 'early' } },
    'persistentvolumeclaim "early" is not bound to a volume yet',
  ],
  [
    { persistentVolumeClaim: { claimName: 'other' } },
    'persistentvolume "taken" is bound to another claim than persistentvolumeclaim "other"',
  ],
  [
    { persistentVolumeClaim: { claimName: 'far' } },
    'persistentvolume "nfs" is neither hostPath nor local, which is all that this host can mount',
  ],
  [{ nfs: { server: 's', path: '/' } }, 'volumes of kind nfs are not supported on this host'],
  [
    { hostPath: { path: '/srv/file', type: 'Directory' } },
    'hostPath type check failed: /srv/file is not a directory',
  ],
  [
    { hostPath: { path: '/srv/none', type: 'Socket' } },
    'hostPath type check failed: /srv/none is not a socket file',
  ],
  [
    { hostPath: { path: '/srv/../etc' } },
    `hostPath "/srv/../etc" must be absolute and must not contain '..'`,
  ],
  [
    { emptyDir: { medium: 'Memory' } },
    'this host does not allow a tmpfs to be mounted, which medium Memory asks for',
  ],
];

for (const [volume, message] of REFUSED) {
  test(`a volume is refused: ${message}`, async () => {
    const { mount, disk } = createBench();
    await disk.write('/srv/file', '');
    await assert.rejects(async () => mount(volume), { message, reason: 'FailedMount' });
  });
}

test('claims and host paths lead to the host', async () => {
  const { mount, disk } = createBench();
  assert.equal(
    (await mount({ persistentVolumeClaim: { claimName: 'good', readOnly: true } })).readOnly,
    true,
  );
  assert.equal((await disk.stat('/srv/pv'))?.type, 'directory');
  assert.equal((await mount({ ephemeral: {} })).hostPath, '/srv/pv');
  assert.equal((await mount({ hostPath: { path: '/srv/new', type: 'FileOrCreate' } })).hostPath, '/srv/new');
  await disk.symlink('/srv/new', '/srv/link');
  assert.equal((await mount({ hostPath: { path: '/srv/link', type: 'File' } })).hostPath, '/srv/link');
});

test('an emptyDir is open to all, or to the group of the pod, and keeps what is in it', async () => {
  const { mount, disk } = createBench();
  const { hostPath } = await mount({});
  assert.equal((await disk.stat(hostPath))?.mode, 0o777);
  await disk.write(`${hostPath}/kept`, 'x');
  await mount({ emptyDir: {} });
  assert.deepEqual(await disk.list(hostPath), ['kept']);
  const pod = podOf({ securityContext: { fsGroup: 7 } }, { metadata: { ...META, name: 'b', uid: 'u2' } });
  const shared = await disk.stat((await mount({ emptyDir: {} }, { pod })).hostPath);
  assert.deepEqual([shared?.mode, shared?.group], [0o2777, 7]);
});

test('files change all at once, and only where they change', async () => {
  const { mount, files, disk, clock } = createBench();
  const { hostPath } = await mount({ configMap: { name: 'settings' } });
  const first = await disk.readLink(`${hostPath}/..data`);
  await clock.advance(1000);
  await mount({ configMap: { name: 'settings' } });
  assert.equal(await disk.readLink(`${hostPath}/..data`), first);
  const changed = { ...settings, data: { added: 'new' }, binaryData: {} };
  await mount({ configMap: { name: 'settings' } }, { objects: { ...objects, configMap: () => changed } });
  const second = await disk.readLink(`${hostPath}/..data`);
  assert.match(second ?? '', /^\.\.2026_01_01_00_00_01\.\w+$/u);
  assert.deepEqual(await files(hostPath), { added: 'new 644' });
  assert.deepEqual(await disk.list(hostPath), [second, '..data', 'added'].toSorted());
  assert.equal(await disk.readLink(`${hostPath}/added`), '..data/added');
});

test('what a killed agent left undone is done by the next', async () => {
  const { mount, disk } = createBench();
  const { hostPath } = await mount({ configMap: { name: 'settings' } });
  const shown = await disk.readLink(`${hostPath}/..data`);
  await disk.remove(`${hostPath}/mode`);
  await disk.write(`${hostPath}/..older/mode`, 'slow');
  await mount({ configMap: { name: 'settings' } });
  assert.deepEqual(await disk.list(hostPath), [shown, '..data', 'blob', 'mode'].toSorted());
});

test('a token is renewed after four fifths of its life', async () => {
  const { mount, clock } = createBench();
  const volume = { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  assert.equal((await mount(volume)).renewAtMs, clock.monotonic() + 2880_000);
});

test('the fingerprint of a pod’s volumes changes with what they are made from, and with nothing else', () => {
  const pod = podOf({
    volumes: [
      { name: 'a', configMap: { name: 'settings' } },
      { name: 'b', projected: { sources: [{ secret: { name: 'key' } }] } },
    ],
  });
  const before = fingerprintOf(pod, objects);
  const newer = { ...settings, metadata: { ...settings.metadata, resourceVersion: '2' } };
  assert.notEqual(fingerprintOf(pod, { ...objects, configMap: () => newer }), before);
  assert.notEqual(fingerprintOf(pod, { ...objects, secret: () => undefined }), before);
  assert.equal(fingerprintOf({ ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } }, objects), before);
});
