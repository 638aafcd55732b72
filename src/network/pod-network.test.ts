import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cniConflist, preparePodNetwork, purgePodNetwork } from '#network/pod-network.ts';
import { testNetwork } from '#network/service-objects.fixture.ts';
import { siteNetwork } from '#network/site-network.ts';
import type { CommandResult, Processes } from '#system/process.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const NETFILTER = '/proc/sys/net/bridge/bridge-nf-call-iptables';

/** A host whose commands are written down, with the bridge there or not, and commands that fail by their first words. */
function host(options: { hasBridge?: boolean; failing?: string } = {}): {
  commands: string[];
  disk: SimulatedDisk;
  input: Parameters<typeof preparePodNetwork>[0];
} {
  const commands: string[] = [];
  const run = async (command: string, args: readonly string[]): Promise<CommandResult> => {
    const line = [command, ...args].join(' ');
    commands.push(line);
    const isLookup = line.startsWith('ip link show');
    const fails = isLookup
      ? options.hasBridge !== true
      : options.failing !== undefined && line.startsWith(options.failing);
    return {
      code: fails ? 1 : 0,
      signal: null,
      stdout: '',
      stderr: fails ? 'RTNETLINK answers: Operation not permitted' : '',
    };
  };
  const disk = new SimulatedDisk(new SimulatedClock());
  const processes = { run } as unknown as Processes;
  return {
    commands,
    disk,
    input: { network: testNetwork, disk, processes, configFolder: '/data/cni', leaseFolder: '/data/leases' },
  };
}

const read = async (disk: SimulatedDisk, path: string): Promise<string> =>
  new TextDecoder().decode(await disk.read(path));

test('a fresh host gets the bridge, its address, the route for services, forwarding and the configuration', async () => {
  const { commands, disk, input } = host();
  await disk.write('/proc/sys/net/ipv4/ip_forward', '0\n');
  await disk.write(NETFILTER, '1\n');
  assert.deepEqual(await preparePodNetwork(input), { bridgeNetfilter: true });
  assert.deepEqual(commands, [
    'ip link show dev sk-0a1b2c3d',
    'ip link add name sk-0a1b2c3d address 02:73:0a:1b:2c:3d type bridge',
    'ip address replace 10.60.1.1/24 dev sk-0a1b2c3d',
    'ip link set sk-0a1b2c3d up',
    'ip route replace 10.61.1.0/24 dev sk-0a1b2c3d src 10.60.1.1',
  ]);
  assert.equal(await read(disk, '/proc/sys/net/ipv4/ip_forward'), '0\n1\n');
  assert.equal(await read(disk, NETFILTER), '1\n', 'what is set already is left alone');
  assert.deepEqual(
    JSON.parse(await read(disk, '/data/cni/skerry-0a1b2c3d.conflist')),
    cniConflist(testNetwork, '/data/leases'),
  );
});

test('a bridge that is there is kept', async () => {
  const { commands, input } = host({ hasBridge: true });
  await preparePodNetwork(input);
  assert.ok(!commands.some((line) => line.startsWith('ip link add')));
});

test('a kernel without bridge netfilter is found out, after its module was asked for', async () => {
  const { commands, input } = host();
  assert.deepEqual(await preparePodNetwork(input), { bridgeNetfilter: false });
  assert.ok(commands.includes('modprobe br_netfilter'));
});

test('a host that refuses says which command and why', async () => {
  await assert.rejects(
    preparePodNetwork(host({ failing: 'ip address' }).input),
    /"ip address replace 10\.60\.1\.1\/24 dev sk-0a1b2c3d" failed: RTNETLINK answers: Operation not permitted/u,
  );
  const { disk, input } = host();
  disk.fail({ operation: 'write', prefix: '/proc/sys/net/ipv4/ip_forward', code: 'EROFS' });
  await assert.rejects(preparePodNetwork(input), /cannot set net\.ipv4\.ip_forward to 1/u);
});

test('a purge removes the table, the bridge and what was written', async () => {
  const { commands, disk, input } = host({ hasBridge: true });
  await disk.write('/data/leases/skerry-0a1b2c3d/10.60.1.5', 'abc');
  await preparePodNetwork(input);
  commands.length = 0;
  await purgePodNetwork(input);
  assert.deepEqual(commands, ['nft -f -', 'ip link show dev sk-0a1b2c3d', 'ip link delete sk-0a1b2c3d']);
  assert.deepEqual([...(await disk.list('/data/cni')), ...(await disk.list('/data/leases'))], []);
});

test('the names and addresses of a site follow from its id and ranges', () => {
  const network = siteNetwork({
    siteName: 'a',
    instanceId: '00ff00ff',
    podCidr: '172.20.3.9/24',
    serviceCidr: '172.21.0.0/16',
  });
  assert.deepEqual(
    [network.bridgeName, network.nftTable, network.podCidr, network.dnsAddress],
    ['sk-00ff00ff', 'skerry-00ff00ff', '172.20.3.0/24', '172.20.3.1'],
  );
  assert.ok(network.bridgeName.length <= 15, 'a link name has at most 15 characters');
  const ranges = { siteName: 'a', podCidr: '10.60.1.0/24', serviceCidr: '10.61.1.0/24' };
  assert.throws(
    () => siteNetwork({ ...ranges, instanceId: 'site-one' }),
    /"site-one" is not eight hexadecimal digits/u,
  );
  assert.throws(
    () => siteNetwork({ ...ranges, instanceId: '00ff00ff', podCidr: 'x' }),
    /"x" is not an IPv4 network/u,
  );
});
