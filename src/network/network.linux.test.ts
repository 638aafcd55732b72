import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Service } from '#api/core/service.ts';
import { runDnsServer } from '#network/dns-server.ts';
import { TestHost, testInOwnNamespaces } from '#network/linux-host.fixture.ts';
import { deleteNftTable, dropPolicies, runNftScript } from '#network/nft.ts';
import { renderTable } from '#network/nft-table.ts';
import { preparePodNetwork, purgePodNetwork } from '#network/pod-network.ts';
import { ServiceLoader } from '#network/service-loader.ts';
import { pod, service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { serviceRules } from '#network/service-rules.ts';
import type { ServiceSources, ServiceState } from '#network/service-sources.ts';
import { serviceStates } from '#network/service-states.fixture.ts';
import { type SiteNetwork, siteNetwork } from '#network/site-network.ts';
import { createRealSystem } from '#system/real.ts';
import { realDnsSockets } from '#system/real-dns-sockets.ts';

// Real nftables, bridge and CNI plugins. This file runs itself again inside a network and mount namespace of its own, so
// that nothing of the machine is touched, and all of it is gone with the process. Needs root, iproute2, nftables, curl
// and the CNI plugins of Debian.

const system = createRealSystem({ level: 'warn' });
const { processes, disk, log } = system;

testInOwnNamespaces({ path: fileURLToPath(import.meta.url), processes, defineTests });

function defineTests(): void {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-network-'));
  const options = {
    network: testNetwork,
    disk,
    processes,
    configFolder: `${folder}/cni`,
    leaseFolder: `${folder}/leases`,
  };
  const otherNetwork = siteNetwork({
    siteName: 'quay',
    instanceId: 'deadbeef',
    podCidr: '10.60.2.0/24',
    serviceCidr: '10.61.2.0/24',
  });
  const other = { ...options, network: otherNetwork, leaseFolder: `${folder}/other-leases` };
  const addresses: string[] = [];
  const loader = new ServiceLoader({
    rules: { network: testNetwork, bridgeNetfilter: true },
    processes,
    log,
  });

  const host = new TestHost({ ...options, folder });

  const web = service('web', '10.61.1.10', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] });
  const solo = service('solo', '10.61.1.11');
  const empty = service('empty', '10.61.1.12', {
    type: 'NodePort',
    ports: [
      { port: 80, nodePort: 30_081 },
      { name: 'u', port: 81, protocol: 'UDP' },
    ],
  });
  const sticky = service('sticky', '10.61.1.13', { sessionAffinity: 'ClientIP' });
  const outside = service('outside', '10.61.1.14');
  const stateOf = (more: Partial<ServiceState> = {}): ServiceState => ({
    services: [web, solo, empty, sticky, outside, ...(more.services ?? [])],
    slices: [
      slice('web', addresses),
      slice('solo', addresses.slice(0, 1)),
      slice('sticky', addresses),
      slice('outside', ['192.168.77.2']),
      ...(more.slices ?? []),
    ],
    pods: more.pods ?? [],
  });

  before(async () => {
    assert.deepEqual(await preparePodNetwork(options), { bridgeNetfilter: true });
    await preparePodNetwork(options);
    await preparePodNetwork(other);
    for (const name of ['pod-a', 'pod-b']) addresses.push(await host.addPod(name));
    await host.addNeighbour();
    await Promise.all(['pod-a', 'pod-b'].map((name, index) => host.serve(name, addresses[index] ?? '')));
    await host.serve('neighbour', '192.168.77.2');
    await loader.load(stateOf());
  });
  after(() => {
    host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a cluster IP answers the host and pods, from every endpoint', async () => {
    for (const from of ['host', 'pod-a']) {
      const servers = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const answer = await host.fetch(from, 'http://10.61.1.10/');
        servers.add(answer.split(' ')[0] ?? '');
      }
      assert.deepEqual([...servers].toSorted(), addresses.toSorted());
    }
  });

  test("a pod reaches another through a service with its own address, and itself with the gateway's", async () => {
    assert.equal(await host.fetch('pod-b', 'http://10.61.1.11/'), `${addresses[0]} ${addresses[1]}`);
    assert.equal(await host.fetch('pod-a', 'http://10.61.1.11/'), `${addresses[0]} 10.60.1.1`);
  });

  test('a node port answers a neighbour, who is seen with its own address, and localhost', async () => {
    assert.match(await host.fetch('neighbour', 'http://192.168.77.1:30080/'), / 192\.168\.77\.2$/u);
    assert.match(await host.fetch('host', 'http://127.0.0.1:30080/'), / 10\.60\.1\.1$/u);
    assert.match(await host.fetch('host', 'http://192.168.77.1:30080/'), / 192\.168\.77\.1$/u);
  });

  test("a pod that routes loopback to its gateway does not reach what listens on the host's loopback", async () => {
    await host.serve('host', 'host');
    await host.addPod('attacker');
    const setUp = [
      'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet',
      'ip addr flush dev lo',
      'ip route flush table local 127.0.0.0/8',
      'ip route add 127.0.0.1/32 via 10.60.1.1',
    ];
    await host.inside('attacker', 'sh', '-c', setUp.join(' && '));
    assert.equal(await host.fetchCode('attacker', 'http://127.0.0.1:8080/', 1), 28);
    await host.run('nft', 'flush', 'chain', 'inet', testNetwork.nftTable, 'guard-loopback');
    const unguarded = await host.fetch('attacker', 'http://127.0.0.1:8080/');
    assert.match(unguarded, /^host 10\.60\.1\./u, 'without the guard, the attempt is one that works');
    await host.run('nft', 'flush', 'ruleset');
    await loader.verify();
    await loader.load(stateOf());
  });

  test('a service without endpoints is refused at once, to host, pods and neighbours, over TCP and UDP', async () => {
    const startMs = performance.now();
    for (const [from, url] of [
      ['pod-a', 'http://10.61.1.12/'],
      ['neighbour', 'http://192.168.77.1:30081/'],
      ['pod-a', 'http://10.61.1.200/'],
    ] as const) {
      assert.equal(await host.fetchCode(from, url), 7, `${url} from ${from}`);
    }
    assert.equal(await host.fetchCode('host', 'http://10.61.1.12/'), 7);
    assert.match(await udpExchange('10.61.1.12', 81), /ECONNREFUSED/u);
    assert.ok(performance.now() - startMs < 2_000);
  });

  test('UDP is forwarded', async () => {
    const dns = service('dns', '10.61.1.15', { ports: [{ port: 53, protocol: 'UDP' }] });
    await loader.load(
      stateOf({
        services: [dns],
        slices: [slice('dns', addresses, { ports: [{ port: 8080, protocol: 'UDP' }] })],
      }),
    );
    assert.match(await udpExchange('10.61.1.15', 53), /^10\.60\.1\.\d+ 10\.60\.1\.1$/u);
    await loader.load(stateOf());
  });

  test('a UDP client that never pauses follows its service to another endpoint', async (t) => {
    if ((await host.codeOf('host', 'sh', '-c', 'command -v conntrack')) !== 0)
      return t.skip('conntrack is not installed');
    const feed = service('feed', '10.61.1.18', { ports: [{ port: 9000, protocol: 'UDP' }] });
    const at = (address: string | undefined): ServiceState =>
      stateOf({
        services: [feed],
        slices: [slice('feed', [address ?? ''], { ports: [{ port: 8080, protocol: 'UDP' }] })],
      });
    await loader.load(at(addresses[0]));
    const script = `
      const socket = require('node:dgram').createSocket('udp4');
      const heard = new Set();
      socket.on('message', (message) => {
        const server = String(message).split(' ')[0];
        if (heard.has(server)) return;
        heard.add(server);
        console.log(server);
        if (heard.size === 2) process.exit();
      });
      socket.connect(9000, '10.61.1.18', () => setInterval(() => socket.send('hello'), 20));
      setTimeout(() => process.exit(1), 3000);
    `;
    const heard = host.run(process.execPath, '-e', script);
    await host.run('sleep', '0.5');
    await loader.load(at(addresses[1]));
    assert.equal(await heard, `${addresses[0]}\n${addresses[1]}\n`);
    await loader.load(stateOf());
  });

  test('a client stays with its endpoint under ClientIP affinity, also across updates of other services', async () => {
    const [chosen] = (await host.fetch('pod-a', 'http://10.61.1.13/')).split(' ');
    for (let i = 0; i < 12; i++) {
      if (i === 6) await loader.load(stateOf({ services: [service('more', '10.61.1.16')] }));
      assert.equal((await host.fetch('pod-a', 'http://10.61.1.13/')).split(' ')[0], chosen);
    }
    await loader.load(stateOf());
  });

  test('pods reach beyond the site as the host, through a service too', async () => {
    assert.equal(await host.fetch('pod-a', 'http://192.168.77.2:8080/'), '192.168.77.2 192.168.77.1');
    assert.equal(await host.fetch('pod-a', 'http://10.61.1.14/'), '192.168.77.2 192.168.77.1');
    assert.equal(await host.fetch('host', 'http://10.61.1.14/'), '192.168.77.2 192.168.77.1');
  });

  test("a host port leads to its pod, and never takes another site's traffic", async () => {
    const [address = ''] = addresses;
    const dns = pod('dns', address, [
      { containerPort: 8080, hostPort: 53 },
      { containerPort: 8080, hostPort: 8081, hostIP: '192.168.77.1' },
    ]);
    await loader.load(stateOf({ pods: [dns] }));
    assert.equal(await host.fetch('neighbour', 'http://192.168.77.1:53/'), `${address} 192.168.77.2`);
    assert.equal(await host.fetch('neighbour', 'http://192.168.77.1:8081/'), `${address} 192.168.77.2`);
    for (const gateway of [testNetwork.dnsAddress, otherNetwork.dnsAddress]) {
      assert.equal(await host.fetchCode('host', `http://${gateway}:53/`), 7);
      assert.equal(await host.fetchCode('pod-b', `http://${gateway}:53/`), 7);
    }
    await loader.load(stateOf());
  });

  test('outside addresses lead in, a restricted one only for the clients it is for', async () => {
    for (const address of ['192.168.77.50', '192.168.77.51'])
      await host.run('ip', 'address', 'add', `${address}/32`, 'dev', 'uplink');
    const balanced = (name: string, index: number, range: string): Service => ({
      ...service(name, `10.61.1.${20 + index}`, { type: 'LoadBalancer', loadBalancerSourceRanges: [range] }),
      status: { loadBalancer: { ingress: [{ ip: `192.168.77.${50 + index}` }] } },
    });
    const services = [balanced('open', 0, '192.168.77.0/24'), balanced('closed', 1, '203.0.113.0/24')];
    await loader.load(
      stateOf({ services, slices: ['open', 'closed'].map((name) => slice(name, addresses)) }),
    );
    assert.match(await host.fetch('neighbour', 'http://192.168.77.50/'), / 192\.168\.77\.2$/u);
    assert.equal(await host.fetchCode('neighbour', 'http://192.168.77.51/', 0.5), 28);
    assert.match(
      await host.fetch('pod-a', 'http://10.61.1.21/'),
      /^10\.60\.1\./u,
      'the cluster IP is not restricted',
    );
    await loader.load(stateOf());
  });

  test('two sites answer DNS side by side, each its own names, and pass on the rest', async () => {
    const upstream = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (query, from) => {
        const answer = Buffer.concat([query, Buffer.from('c00c000100010000003c0004c6336407', 'hex')]);
        answer.writeUInt16BE(0x8180, 2);
        answer.writeUInt16BE(1, 6);
        socket.send(answer, from.port, from.address);
      });
      socket.bind(53);
    `;
    await host.start('neighbour', upstream);
    const controller = new AbortController();
    const serveNames = async (
      network: SiteNetwork,
      address: string,
      resolver: string,
    ): Promise<{ ended: Promise<void> }> => {
      const listening = Promise.withResolvers<void>();
      const ended = runDnsServer(
        {
          ...system,
          disk: { ...disk, read: async () => Buffer.from(`nameserver ${resolver}\n`) },
          network,
          sockets: realDnsSockets,
          sources: fixedSources({ services: [service('web', address)], slices: [], pods: [] }),
          onOutcome: (outcome) =>
            outcome.state === 'listening' ? listening.resolve() : listening.reject(new Error(outcome.reason)),
        },
        controller.signal,
      );
      await listening.promise;
      return { ended };
    };
    const resolve = async (server: string, name: string): Promise<string> => {
      const script = `
        const resolver = new (require('node:dns').promises.Resolver)({ tries: 1 });
        resolver.setServers(['${server}']);
        resolver.resolve4('${name}').then((found) => console.log(found.join()), (error) => console.log(error.code));
      `;
      return (await host.inside('pod-a', process.execPath, '-e', script)).trim();
    };
    const servers = [
      await serveNames(testNetwork, '10.61.1.10', '192.168.77.2'),
      await serveNames(otherNetwork, '10.61.2.10', '203.0.113.1'),
    ];
    const name = 'web.default.svc.cluster.local';
    assert.equal(await resolve('10.60.1.1', name), '10.61.1.10');
    assert.equal(await resolve('10.60.2.1', name), '10.61.2.10');
    assert.equal(await resolve('10.60.1.1', 'none.default.svc.cluster.local'), 'ENOTFOUND');
    assert.equal(await resolve('10.60.1.1', 'www.example.com'), '198.51.100.7');
    const startMs = performance.now();
    assert.equal(await resolve('10.60.2.1', 'www.example.com'), 'ESERVFAIL');
    assert.ok(performance.now() - startMs < 1_000, 'a site without a route to its resolver fails at once');
    controller.abort();
    await Promise.all(servers.map(({ ended }) => ended));
  });

  test('a connection lives on while rules are reloaded', async () => {
    const slow = host.fetch('pod-b', 'http://10.61.1.11/slow');
    const { table } = serviceRules(stateOf({ services: [service('more', '10.61.1.17')] }), {
      network: testNetwork,
      bridgeNetfilter: true,
    });
    await runNftScript(processes, renderTable(table));
    assert.equal(await slow, `begun ${addresses[0]} ${addresses[1]}`);
    await loader.verify();
    await loader.load(stateOf());
    assert.match(await host.fetch('pod-a', 'http://10.61.1.10/'), /^10\.60\.1\./u);
  });

  test('without bridge netfilter, pods reach each other through a service too', async () => {
    await disk.append('/proc/sys/net/bridge/bridge-nf-call-iptables', '0\n');
    const bare = new ServiceLoader({
      rules: { network: testNetwork, bridgeNetfilter: false },
      processes,
      log,
    });
    await bare.load(stateOf());
    assert.equal(await host.fetch('pod-b', 'http://10.61.1.11/'), `${addresses[0]} 10.60.1.1`);
    assert.equal(await host.fetch('pod-a', 'http://10.61.1.11/'), `${addresses[0]} 10.60.1.1`);
    await preparePodNetwork(options);
    await loader.verify();
    await loader.load(stateOf());
  });

  test('nft takes whatever objects make of it, at first and from one state to the next', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(serviceStates(), { minLength: 2, maxLength: 4 }), async (states) => {
        const warnings: string[] = [];
        const strict = { ...log, warn: (message: string) => void warnings.push(message) };
        const fuzzed = new ServiceLoader({
          rules: { network: otherNetwork, bridgeNetfilter: true },
          processes,
          log: strict,
        });
        for (const state of states) await fuzzed.load(state);
        assert.deepEqual(
          warnings.filter((message) => message.includes('refused')),
          [],
        );
      }),
      { numRuns: 40, seed: 7 },
    );
    await deleteNftTable(processes, otherNetwork.nftTable);
  });

  test('a thousand services load in one transaction', async () => {
    const many = thousandServices();
    const fresh = new ServiceLoader({
      rules: { network: otherNetwork, bridgeNetfilter: true },
      processes,
      log,
    });
    const fullMs = await elapsed(() => fresh.load(many));
    const sameMs = await elapsed(() => fresh.load(many));
    const oneMs = await elapsed(() => fresh.load({ ...many, services: many.services.slice(0, -1) }));
    const adoptMs = await elapsed(() =>
      new ServiceLoader({ rules: { network: otherNetwork, bridgeNetfilter: true }, processes, log }).load({
        ...many,
        services: many.services.slice(0, -1),
      }),
    );
    console.log(
      `measured: 1000 services, 2000 endpoints: all ${fullMs} ms, unchanged ${sameMs} ms, one removed ${oneMs} ms, taken over ${adoptMs} ms`,
    );
    assert.ok(fullMs < 5_000);
    await deleteNftTable(processes, otherNetwork.nftTable);
  });

  test('a drop policy of another table is found', async () => {
    await runNftScript(
      processes,
      'table ip fw { chain FORWARD { type filter hook forward priority 0; policy drop; }; }',
    );
    assert.deepEqual(dropPolicies(await host.run('nft', '-j', 'list', 'chains')), [
      { hook: 'forward', chain: 'ip fw FORWARD' },
    ]);
    await host.run('nft', 'delete', 'table', 'ip', 'fw');
  });

  test('purging leaves nothing of a site, and everything of the other', async () => {
    await purgePodNetwork(options);
    await purgePodNetwork(options);
    assert.doesNotMatch(await host.run('nft', 'list', 'tables'), /0a1b2c3d/u);
    const links = await host.run('ip', '-br', 'link');
    assert.doesNotMatch(links, /sk-0a1b2c3d/u);
    assert.match(links, /sk-deadbeef/u);
    assert.deepEqual(await disk.list(options.leaseFolder), []);
  });

  async function udpExchange(address: string, port: number): Promise<string> {
    const script = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (message) => { console.log(String(message)); process.exit(); });
      socket.on('error', (error) => { console.log(error.code); process.exit(); });
      socket.connect(${port}, '${address}', () => socket.send('hello'));
      setTimeout(() => { console.log('timeout'); process.exit(); }, 2000);
    `;
    return (await host.run(process.execPath, '-e', script)).trim();
  }
}

function thousandServices(): ServiceState {
  const services = [];
  const slices = [];
  for (let i = 0; i < 1_000; i++) {
    const port = 1_000 + Math.floor(i / 200);
    services.push(service(`s${i}`, `10.61.2.${(i % 200) + 2}`, { ports: [{ port }] }));
    slices.push(slice(`s${i}`, [`10.60.2.${(i % 250) + 2}`, `10.60.2.${((i + 1) % 250) + 2}`]));
  }
  return { services, slices, pods: [] };
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return Math.round(performance.now() - startMs);
}

/** Sources that never change. */
function fixedSources(state: ServiceState): ServiceSources {
  const fixed = { subscribe: () => () => undefined, caughtUp: async () => undefined };
  return {
    services: { ...fixed, list: () => state.services },
    slices: { ...fixed, list: () => state.slices },
    pods: { ...fixed, list: () => state.pods },
  };
}
