import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { deleteNftTable, forwardFirewalls, runNftScript } from '#network/nft.ts';
import { renderTable } from '#network/nft-table.ts';
import { cniConflist, preparePodNetwork, purgePodNetwork } from '#network/pod-network.ts';
import { ServiceLoader } from '#network/service-loader.ts';
import { pod, service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { serviceRules } from '#network/service-rules.ts';
import type { ServiceState } from '#network/service-sources.ts';
import { serviceStates } from '#network/service-states.fixture.ts';
import { siteNetwork } from '#network/site-network.ts';
import type { ChildProcess } from '#system/process.ts';
import { createRealSystem } from '#system/real.ts';

// Real nftables, bridge and CNI plugins. This file runs itself again inside a network and mount namespace of its own, so
// that nothing of the machine is touched, and all of it is gone with the process. Needs root, iproute2, nftables, curl
// and the CNI plugins of Debian.

const INNER = 'SKERRY_TEST_IN_OWN_NAMESPACE';
const CNI_FOLDER = '/usr/lib/cni';
const { processes, disk, log } = createRealSystem({ level: 'warn' });

if (process.env[INNER] === undefined) {
  test('the pod network, in a network namespace of its own', async (t) => {
    const command = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$0" "$1"';
    const result = await processes.run(
      'unshare',
      ['--net', '--mount', 'sh', '-c', command, process.execPath, fileURLToPath(import.meta.url)],
      { env: { [INNER]: '1', NODE_TEST_CONTEXT: '' } },
    );
    for (const line of result.stdout.split('\n').filter((text) => /measured|✖/u.test(text)))
      t.diagnostic(line.trim());
    assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  });
} else {
  defineTests();
}

/** Answers HTTP on TCP 8080 and datagrams on UDP 8080 with "<own address> <client address>". */
const ECHO_SERVER = `
  const say = (client) => process.argv[1] + ' ' + client.replace('::ffff:', '');
  require('node:http').createServer((request, response) => {
    if (request.url === '/slow') { response.write('begun '); setTimeout(() => response.end(say(request.socket.remoteAddress)), 1500); }
    else response.end(say(request.socket.remoteAddress));
  }).listen(8080, '0.0.0.0');
  const udp = require('node:dgram').createSocket('udp4');
  udp.on('message', (message, from) => udp.send(say(from.address), from.port, from.address));
  udp.bind(8080);
`;

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
  const children: ChildProcess[] = [];
  const addresses: string[] = [];
  const loader = new ServiceLoader({
    rules: { network: testNetwork, bridgeNetfilter: true },
    processes,
    log,
  });

  const run = async (command: string, ...args: string[]): Promise<string> => {
    const result = await processes.run(command, args);
    assert.equal(result.code, 0, `${command} ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  const inside = (name: string, ...command: string[]): Promise<string> =>
    run('nsenter', `--net=/run/netns/${name}`, ...command);
  const curl = (url: string): string[] => ['curl', '--silent', '--show-error', '--max-time', '3', url];

  /** A pod as the runtime makes one: a namespace, and the bridge plugin called with the site's own configuration. */
  async function addPod(name: string): Promise<string> {
    await run('ip', 'netns', 'add', name);
    const { plugins, ...list } = cniConflist(testNetwork, options.leaseFolder) as { plugins: object[] };
    const result = await processes.run(`${CNI_FOLDER}/bridge`, [], {
      stdin: JSON.stringify({ ...list, ...plugins[0] }),
      env: {
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: name,
        CNI_NETNS: `/run/netns/${name}`,
        CNI_IFNAME: 'eth0',
        CNI_PATH: CNI_FOLDER,
      },
    });
    assert.equal(result.code, 0, result.stdout);
    await inside(name, 'ip', 'link', 'set', 'lo', 'up');
    const { ips } = JSON.parse(result.stdout) as { ips: { address: string }[] };
    return ips[0]?.address.split('/')[0] ?? '';
  }

  async function serve(name: string, address: string): Promise<void> {
    const args = [`--net=/run/netns/${name}`, process.execPath, '-e', ECHO_SERVER, address];
    children.push(await processes.start('nsenter', args, { logPath: `${folder}/${name}.log` }));
    for (let attempt = 0; attempt < 100; attempt++) {
      const answer = await processes.run('nsenter', [
        `--net=/run/netns/${name}`,
        ...curl(`http://127.0.0.1:8080/`),
      ]);
      if (answer.code === 0) return;
    }
    assert.fail(`the server in ${name} does not answer`);
  }

  /** A machine on the site's own network, beyond the host: 192.168.77.2, with the host at 192.168.77.1. */
  async function addNeighbour(): Promise<void> {
    await run('ip', 'netns', 'add', 'neighbour');
    await run('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'neighbour');
    await run('ip', 'address', 'add', '192.168.77.1/24', 'dev', 'uplink');
    await run('ip', 'link', 'set', 'uplink', 'up');
    await inside('neighbour', 'ip', 'address', 'add', '192.168.77.2/24', 'dev', 'eth0');
    await inside('neighbour', 'ip', 'link', 'set', 'eth0', 'up');
    await inside('neighbour', 'ip', 'link', 'set', 'lo', 'up');
  }

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
    for (const name of ['pod-a', 'pod-b']) addresses.push(await addPod(name));
    await addNeighbour();
    await Promise.all(['pod-a', 'pod-b'].map((name, index) => serve(name, addresses[index] ?? '')));
    await serve('neighbour', '192.168.77.2');
    await loader.load(stateOf());
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('a cluster IP answers the host and pods, from every endpoint', async () => {
    for (const from of ['host', 'pod-a']) {
      const servers = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const answer = await (from === 'host'
          ? run('curl', ...curl('http://10.61.1.10/').slice(1))
          : inside(from, ...curl('http://10.61.1.10/')));
        servers.add(answer.split(' ')[0] ?? '');
      }
      assert.deepEqual([...servers].toSorted(), addresses.toSorted());
    }
  });

  test("a pod reaches another through a service with its own address, and itself with the gateway's", async () => {
    assert.equal(await inside('pod-b', ...curl('http://10.61.1.11/')), `${addresses[0]} ${addresses[1]}`);
    assert.equal(await inside('pod-a', ...curl('http://10.61.1.11/')), `${addresses[0]} 10.60.1.1`);
  });

  test('a node port answers a neighbour, who is seen with its own address, and localhost', async () => {
    assert.match(await inside('neighbour', ...curl('http://192.168.77.1:30080/')), / 192\.168\.77\.2$/u);
    assert.match(await run('curl', ...curl('http://127.0.0.1:30080/').slice(1)), / 10\.60\.1\.1$/u);
    assert.match(await run('curl', ...curl('http://192.168.77.1:30080/').slice(1)), / 192\.168\.77\.1$/u);
  });

  test("a pod that routes loopback to its gateway does not reach what listens on the host's loopback", async () => {
    children.push(
      await processes.start(process.execPath, ['-e', ECHO_SERVER, 'host'], { logPath: `${folder}/host.log` }),
    );
    await run(
      'curl',
      '--retry',
      '20',
      '--retry-connrefused',
      '--retry-delay',
      '1',
      ...curl('http://127.0.0.1:8080/').slice(1),
    );
    await addPod('attacker');
    const attempt = ['curl', '--silent', '--max-time', '1', 'http://127.0.0.1:8080/'];
    const setUp =
      'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr flush dev lo; ip route flush table local 127.0.0.0/8; ip route add 127.0.0.1/32 via 10.60.1.1';
    await inside('attacker', 'sh', '-c', setUp);
    assert.equal((await processes.run('nsenter', ['--net=/run/netns/attacker', ...attempt])).code, 28);
    await run('nft', 'flush', 'chain', 'inet', testNetwork.nftTable, 'guard-loopback');
    assert.match(
      await inside('attacker', ...attempt),
      /^host 10\.60\.1\./u,
      'the attempt is one that works without the guard',
    );
    await run('nft', 'flush', 'ruleset');
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
      const result = await processes.run('nsenter', [`--net=/run/netns/${from}`, ...curl(url)]);
      assert.equal(result.code, 7, `${url} from ${from}: ${result.stderr}`);
    }
    assert.equal((await processes.run('curl', curl('http://10.61.1.12/').slice(1))).code, 7);
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
    if ((await processes.run('sh', ['-c', 'command -v conntrack'])).code !== 0)
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
    const heard = run(process.execPath, '-e', script);
    await run('sleep', '0.5');
    await loader.load(at(addresses[1]));
    assert.equal(await heard, `${addresses[0]}\n${addresses[1]}\n`);
    await loader.load(stateOf());
  });

  test('a client stays with its endpoint under ClientIP affinity, also across updates of other services', async () => {
    const [chosen] = (await inside('pod-a', ...curl('http://10.61.1.13/'))).split(' ');
    for (let i = 0; i < 12; i++) {
      if (i === 6) await loader.load(stateOf({ services: [service('more', '10.61.1.16')] }));
      assert.equal((await inside('pod-a', ...curl('http://10.61.1.13/'))).split(' ')[0], chosen);
    }
    await loader.load(stateOf());
  });

  test('pods reach beyond the site as the host, through a service too', async () => {
    assert.equal(await inside('pod-a', ...curl('http://192.168.77.2:8080/')), '192.168.77.2 192.168.77.1');
    assert.equal(await inside('pod-a', ...curl('http://10.61.1.14/')), '192.168.77.2 192.168.77.1');
    assert.equal(await run('curl', ...curl('http://10.61.1.14/').slice(1)), '192.168.77.2 192.168.77.1');
  });

  test("a host port leads to its pod, and never takes another site's traffic", async () => {
    const [address = ''] = addresses;
    const dns = pod('dns', address, [
      { containerPort: 8080, hostPort: 53 },
      { containerPort: 8080, hostPort: 8081, hostIP: '192.168.77.1' },
    ]);
    await loader.load(stateOf({ pods: [dns] }));
    assert.equal(await inside('neighbour', ...curl('http://192.168.77.1:53/')), `${address} 192.168.77.2`);
    assert.equal(await inside('neighbour', ...curl('http://192.168.77.1:8081/')), `${address} 192.168.77.2`);
    for (const gateway of [testNetwork.dnsAddress, otherNetwork.dnsAddress]) {
      assert.equal((await processes.run('curl', curl(`http://${gateway}:53/`).slice(1))).code, 7);
      assert.equal(
        (await processes.run('nsenter', ['--net=/run/netns/pod-b', ...curl(`http://${gateway}:53/`)])).code,
        7,
      );
    }
    await loader.load(stateOf());
  });

  test('a connection lives on while rules are reloaded', async () => {
    const slow = inside('pod-b', ...curl('http://10.61.1.11/slow'));
    const { table } = serviceRules(stateOf({ services: [service('more', '10.61.1.17')] }), {
      network: testNetwork,
      bridgeNetfilter: true,
    });
    await runNftScript(processes, renderTable(table));
    assert.equal(await slow, `begun ${addresses[0]} ${addresses[1]}`);
    await loader.verify();
    await loader.load(stateOf());
    assert.match(await inside('pod-a', ...curl('http://10.61.1.10/')), /^10\.60\.1\./u);
  });

  test('without bridge netfilter, pods reach each other through a service too', async () => {
    await disk.append('/proc/sys/net/bridge/bridge-nf-call-iptables', '0\n');
    const bare = new ServiceLoader({
      rules: { network: testNetwork, bridgeNetfilter: false },
      processes,
      log,
    });
    await bare.load(stateOf());
    assert.equal(await inside('pod-b', ...curl('http://10.61.1.11/')), `${addresses[0]} 10.60.1.1`);
    assert.equal(await inside('pod-a', ...curl('http://10.61.1.11/')), `${addresses[0]} 10.60.1.1`);
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

  test('a drop policy of another table on the forward hook is found', async () => {
    await runNftScript(
      processes,
      'table ip fw { chain FORWARD { type filter hook forward priority 0; policy drop; }; }',
    );
    assert.deepEqual(forwardFirewalls(await run('nft', '-j', 'list', 'chains')), ['ip fw FORWARD']);
    await run('nft', 'delete', 'table', 'ip', 'fw');
  });

  test('purging leaves nothing of a site, and everything of the other', async () => {
    await purgePodNetwork(options);
    await purgePodNetwork(options);
    assert.doesNotMatch(await run('nft', 'list', 'tables'), /0a1b2c3d/u);
    const links = await run('ip', '-br', 'link');
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
    return (await run(process.execPath, '-e', script)).trim();
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
