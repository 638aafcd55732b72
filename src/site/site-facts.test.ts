import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from '#apiserver/test-server.ts';
import type { SiteReport } from '#link/wire.ts';
import { siteDescriber } from '#site/describe-site.ts';
import { hostAddress, readMachine } from '#site/machine-facts.ts';
import { networkOf, readSettings, settleSite } from '#site/site-settings.ts';
import type { Processes } from '#system/process.ts';
import type { HostFacts } from '#system/real-host.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const MEBIBYTE = 1024 * 1024;

test('what a site says of itself is the sum of its nodes, in the order of their names', async () => {
  const held: { describe?: () => SiteReport } = {};
  const server = await startTestServer({
    prepare: ({ views }) => {
      held.describe = siteDescriber(views, { software: '1.2.3' });
    },
  });
  assert.deepEqual(held.describe?.().hosts, []);
  for (const [name, cpu] of [
    ['b', '500m'],
    ['a', '2'],
  ] as const) {
    await server.call({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name } } });
    const status = {
      capacity: { cpu, memory: '1Gi' },
      allocatable: { cpu },
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'InternalDNS', address: 'x' },
      ],
      conditions: name === 'a' ? [{ type: 'Ready', status: 'True' }] : [],
    };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const answer = await server.call({
      method: 'PATCH',
      path: `/api/v1/nodes/${name}/status`,
      headers,
      body: { status },
    });
    assert.equal(answer.status, 200, answer.text);
  }
  await server.settle();
  const report = held.describe?.();
  assert.deepEqual(
    report?.hosts?.map(({ name, ready, addresses }) => [name, ready, addresses]),
    [
      ['a', 'True', [{ type: 'InternalIP', address: '10.0.0.1' }]],
      ['b', 'Unknown', [{ type: 'InternalIP', address: '10.0.0.1' }]],
    ],
  );
  assert.deepEqual(
    [report?.capacity, report?.allocatable],
    [{ cpu: '2500m', memory: '2Gi' }, { cpu: '2500m' }],
  );
  assert.equal(report?.versions?.skerry, '1.2.3');
  await server.stop();
});

const host: HostFacts = {
  processors: 4,
  memoryBytes: 1024 * MEBIBYTE,
  architecture: 'arm64',
  kernelVersion: '6.1.0',
  addresses: [],
};

test('a machine is what the operating system says, with something kept back for it', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  await disk.write('/etc/os-release', 'ID=x\nPRETTY_NAME="Some Linux 1"\n');
  await disk.write('/etc/machine-id', 'abc\n');
  const machine = await readMachine(disk, { folder: '/', host });
  assert.deepEqual(
    [machine.osImage, machine.machineId, machine.bootId, machine.architecture, machine.kernelVersion],
    ['Some Linux 1', 'abc', '', 'arm64', '6.1.0'],
  );
  assert.deepEqual(
    [machine.capacity.cpu, machine.capacity.memory, machine.allocatable.memory, machine.capacity.pods],
    ['4', '1048576Ki', `${768 * 1024}Ki`, '110'],
  );
  const small = await readMachine(disk, { folder: '/', host: { ...host, memoryBytes: 128 * MEBIBYTE } });
  assert.equal(small.allocatable.memory, `${64 * 1024}Ki`, 'never more than half of a small one');
});

test('the address of a host is the first that is of no pod network', () => {
  const address = (addresses: string[]) => hostAddress({ ...host, addresses }, '10.60.0.0/16');
  assert.equal(address(['10.60.1.1', 'fe80::1', '192.168.1.5', '10.0.0.9']), '192.168.1.5');
  assert.equal(address(['10.60.1.1']), '127.0.0.1');
  assert.equal(address([]), '127.0.0.1');
});

test('what is settled for a site is kept, apart from what others have', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  const processes = { run: () => Promise.reject(new Error('no ip here')) } as unknown as Processes;
  const settle = (name: string, takenFolders: string[]) =>
    settleSite(
      { disk, processes, random: seededRandom(name.length) },
      { folder: `/${name}`, name, takenFolders, listen: { host: '127.0.0.1', port: 7001 } },
    );
  assert.equal(await readSettings(disk, '/north'), undefined);
  const north = await settle('north', []);
  assert.deepEqual(await readSettings(disk, '/north'), north);
  const west = await settle('west', ['/north', '/not-there']);
  assert.notEqual(west.podCidr, north.podCidr);
  assert.notEqual(west.serviceCidr, north.serviceCidr);
  assert.notEqual(west.instanceId, north.instanceId);
  assert.match(north.instanceId, /^[0-9a-f]{8}$/);
  assert.notEqual(networkOf(north).bridgeName, networkOf(west).bridgeName);
});
