import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '#api/core/service.ts';
import type { IPAddress } from '#api/networking/ip-address.ts';
import { publishApiService } from '#apiserver/api-service.ts';
import { serviceAddresses } from '#apiserver/service-addresses/service-addresses.ts';
import { startSeveralServers } from '#apiserver/several-servers.fixture.ts';
import { refusalOf, startTestServer, type TestAnswer, type TestServer } from '#apiserver/test-server.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const SERVICES = '/api/v1/namespaces/default/services';

interface Bed {
  readonly server: TestServer;
  create(name: string, spec?: object): Promise<TestAnswer<Service>>;
  patch(name: string, body: object): Promise<TestAnswer<Service>>;
}

async function start(cidr = '10.61.1.0/24'): Promise<Bed> {
  const store = await openMemoryStore({ log: createMemoryLog() });
  const clock = new SimulatedClock();
  const server = await startTestServer({
    store,
    admission: [serviceAddresses({ store, cidr, clock, random: seededRandom(2) })],
  });
  return {
    server,
    create: (name, spec = {}) =>
      server.call<Service>({
        method: 'POST',
        path: SERVICES,
        body: { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } },
      }),
    patch: (name, body) =>
      server.call<Service>({
        method: 'PATCH',
        path: `${SERVICES}/${name}`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body,
      }),
  };
}

test('services made at the same time get addresses and ports of their own', async () => {
  const { server, create } = await start();
  const made = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      create(`s${n}`, {
        type: 'NodePort',
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'b' },
        ],
      }),
    ),
  );
  assert.deepEqual([...new Set(made.map(({ status }) => status))], [201]);
  const addresses = made.map(({ body }) => body.spec.clusterIP ?? '');
  assert.equal(new Set(addresses).size, 60);
  for (const address of addresses)
    assert.match(address, /^10\.61\.1\.(1[6-9]|[2-9]\d|1\d\d|2[0-4]\d|25[0-4])$/);
  const ports = made.flatMap(({ body }) => body.spec.ports?.map(({ nodePort }) => nodePort) ?? []);
  assert.equal(new Set(ports).size, 120);
  await server.stop();
});

test('what a service has got it keeps, also when it is changed right after', async () => {
  const { server, create, patch } = await start();
  const { body } = await create('kept', { type: 'NodePort' });
  const relabelled = await patch('kept', { metadata: { labels: { a: 'b' } } });
  assert.deepEqual(
    [relabelled.status, relabelled.body.spec.clusterIP, relabelled.body.spec.ports],
    [200, body.spec.clusterIP, body.spec.ports],
  );
  const put = await server.call<Service>({
    method: 'PUT',
    path: `${SERVICES}/kept`,
    body: { metadata: { name: 'kept' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } },
  });
  assert.deepEqual(
    [put.body.spec.clusterIP, put.body.spec.ports?.[0]?.nodePort],
    [body.spec.clusterIP, body.spec.ports?.[0]?.nodePort],
  );
  await server.stop();
});

test('an address that is asked for is given once, and again when its service is gone', async () => {
  const { server, create } = await start();
  assert.equal((await create('one', { clusterIP: '10.61.1.53' })).status, 201);
  assert.match(
    refusalOf((await create('two', { clusterIP: '10.61.1.53' })) as never),
    /^422 Invalid: .*10\.61\.1\.53: provided IP is already allocated/,
  );
  await server.call({ method: 'DELETE', path: `${SERVICES}/one` });
  assert.equal((await create('two', { clusterIP: '10.61.1.53' })).status, 201);
  for (const clusterIP of ['10.62.0.1', '10.61.2.0', 'x', '10.61.1']) {
    assert.match(refusalOf((await create('far', { clusterIP })) as never), /^422 Invalid/, clusterIP);
  }
  assert.equal((await create('headless', { clusterIP: 'None' })).body.spec.clusterIP, 'None');
  assert.equal((await create('another', { clusterIP: 'None' })).status, 201);
  await server.stop();
});

test('a node port is given once', async () => {
  const { server, create } = await start();
  const port = (nodePort: number) => ({ type: 'NodePort', ports: [{ port: 80, nodePort }] });
  assert.equal((await create('a', port(30_080))).status, 201);
  assert.match(
    refusalOf((await create('b', port(30_080))) as never),
    /^422 Invalid: .*30080: provided port is already allocated/,
  );
  const both = {
    type: 'NodePort',
    ports: ['TCP', 'UDP'].map((protocol) => ({
      name: protocol.toLowerCase(),
      port: 53,
      protocol,
      nodePort: 30_053,
    })),
  };
  assert.equal((await create('dns', both)).status, 201, 'one number for two protocols of one service');
  await server.stop();
});

test('a service that is refused, or only tried, holds nothing', async () => {
  const { server, create } = await start();
  const refused = await create('held', { clusterIP: '10.61.1.99', ports: [{ port: 70_000 }] });
  assert.match(refusalOf(refused as never), /^422 Invalid/);
  const tried = await server.call({
    method: 'POST',
    path: `${SERVICES}?dryRun=All`,
    body: { metadata: { name: 'tried' }, spec: { clusterIP: '10.61.1.99', ports: [{ port: 80 }] } },
  });
  assert.equal(tried.status, 201);
  assert.equal((await create('next', { clusterIP: '10.61.1.99' })).status, 201);
  await server.stop();
});

test('each address is an IPAddress, as long as its service has it', async () => {
  const { server, create, patch } = await start();
  const list = async (): Promise<unknown[]> => {
    const { body } = await server.call<{ items: IPAddress[] }>({
      path: '/apis/networking.k8s.io/v1/ipaddresses',
    });
    return body.items.map(({ metadata, spec }) => [metadata.name, spec.parentRef?.name]);
  };
  await create('web', { clusterIP: '10.61.1.40' });
  await create('headless', { clusterIP: 'None' });
  assert.deepEqual(await list(), [['10.61.1.40', 'web']]);
  const one = await server.call<IPAddress>({ path: '/apis/networking.k8s.io/v1/ipaddresses/10.61.1.40' });
  assert.deepEqual(
    [one.body.spec.parentRef, one.body.metadata.labels],
    [
      { group: '', resource: 'services', namespace: 'default', name: 'web' },
      {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    ],
  );
  const spec = { type: 'ExternalName', externalName: 'example.com' };
  assert.equal((await patch('web', { spec })).status, 200);
  assert.deepEqual(await list(), [], 'a name alone needs none');
  const back = await patch('web', { spec: { type: 'ClusterIP', externalName: null } });
  assert.equal(back.status, 200);
  assert.deepEqual(await list(), [[back.body.spec.clusterIP, 'web']]);
  await patch('web', { metadata: { finalizers: ['example.com/wait'] } });
  await server.call({ method: 'DELETE', path: `${SERVICES}/web` });
  assert.equal((await list()).length, 1, 'it is still there');
  await patch('web', { metadata: { finalizers: null } });
  assert.deepEqual(await list(), []);
  await server.stop();
});

test('node ports are given back with the type that has them, and with their port', async () => {
  const { server, create, patch } = await start();
  const nodePort = 30_081;
  await create('a', { type: 'NodePort', ports: [{ port: 80, nodePort }] });
  assert.equal((await patch('a', { spec: { type: 'ClusterIP' } })).status, 200);
  assert.equal((await create('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] })).status, 201);
  assert.equal((await patch('b', { spec: { ports: [{ port: 81, nodePort: 30_082 }] } })).status, 200);
  assert.equal((await create('c', { type: 'NodePort', ports: [{ port: 80, nodePort }] })).status, 201);
  const far = await create('d', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] });
  assert.equal(
    refusalOf(far as never),
    '422 Invalid: Service "d" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
  );
  const balancer = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false };
  const { body } = await create('e', balancer);
  assert.equal(body.spec.ports?.[0]?.nodePort, undefined);
  const local = await create('f', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
  assert.ok((local.body.spec.healthCheckNodePort ?? 0) >= 30_000);
  await server.stop();
});

test('what older data does not hold is held from the start, and what nobody has is free', async () => {
  const store = await openMemoryStore({ log: createMemoryLog(), shared: true });
  const clock = new SimulatedClock();
  const early = await startTestServer({ store, clock });
  const spec = { clusterIP: '10.61.1.77', ports: [{ port: 80, nodePort: 30_077 }], type: 'NodePort' };
  await early.call({ method: 'POST', path: SERVICES, body: { metadata: { name: 'old' }, spec } });
  const stray = {
    metadata: { name: '10.61.1.78' },
    spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'gone' } },
  };
  const ipAddresses = '/apis/networking.k8s.io/v1/ipaddresses';
  assert.equal((await early.call({ method: 'POST', path: ipAddresses, body: stray })).status, 201);
  const options = { store, cidr: '10.61.1.0/24', clock, random: seededRandom(2) };
  const server = await startTestServer({ store, clock, admission: [serviceAddresses(options)] });
  const create = (name: string, more: object) =>
    server.call({
      method: 'POST',
      path: SERVICES,
      body: { metadata: { name }, spec: { ports: [{ port: 80 }], ...more } },
    });
  assert.match(refusalOf(await create('a', { clusterIP: '10.61.1.77' })), /already allocated/);
  const samePort = { type: 'NodePort', ports: [{ port: 80, nodePort: 30_077 }] };
  assert.match(refusalOf(await create('b', samePort)), /already allocated/);
  assert.equal((await create('c', { clusterIP: '10.61.1.78' })).status, 201);
  await server.stop();
});

test('several servers never give the same address or port twice', async () => {
  const cidr = '10.61.1.16/28';
  const several = await startSeveralServers(2, {
    seed: 3,
    optionsOf: (store, index) => ({
      // Both draw the same numbers: they want the same each time.
      admission: [serviceAddresses({ store, cidr, clock: new SimulatedClock(), random: seededRandom(5) })],
      random: seededRandom(index),
    }),
  });
  const made = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const server = several.servers[index % 2];
      const spec = { type: 'NodePort', ports: [{ port: 80 }] };
      return server?.call<Service>({
        method: 'POST',
        path: SERVICES,
        body: { metadata: { name: `s${index}` }, spec },
      });
    }),
  );
  assert.deepEqual([...new Set(made.map((answer) => answer?.status))], [201]);
  assert.equal(new Set(made.map((answer) => answer?.body.spec.clusterIP)).size, 12);
  assert.equal(new Set(made.map((answer) => answer?.body.spec.ports?.[0]?.nodePort)).size, 12);
  const over = Array.from({ length: 4 }, async (_, index) =>
    several.servers[index % 2]?.call<Service>({
      method: 'POST',
      path: SERVICES,
      body: { metadata: { name: `t${index}` }, spec: { ports: [{ port: 80 }] } },
    }),
  );
  const statuses = (await Promise.all(over)).map((answer) => answer?.status);
  assert.deepEqual(statuses.sort(), [201, 500, 500, 500], 'one is left');
  await several.stop();
});

test('the smallest range gives what it has, then says that it is full', async () => {
  const { server, create } = await start('10.61.1.16/28');
  const given = new Set<string>();
  for (let n = 0; n < 13; n++) {
    const { status, body } = await create(`s${n}`);
    assert.equal(status, 201);
    given.add(body.spec.clusterIP ?? '');
  }
  for (const address of given) assert.match(address, /^10\.61\.1\.(1[89]|2\d|30)$/);
  assert.deepEqual([...given].slice(11), ['10.61.1.19', '10.61.1.18'], 'the lowest go last');
  assert.match(refusalOf((await create('over')) as never), /failed to allocate a serviceIP: range is full/);
  await server.stop();
});

test('a range that is none is a mistake of the caller', async () => {
  const store = await openMemoryStore({ log: createMemoryLog() });
  for (const cidr of ['10.0.0.0', '10.0.0.0/8', '10.0.0.0/30', 'fd00::/64', '10.0.0/24']) {
    assert.throws(
      () => serviceAddresses({ store, cidr, clock: new SimulatedClock(), random: seededRandom(1) }),
      /is no range for services/,
      cidr,
    );
  }
});

test('an API server that starts again finds its own service with its address, and says where it is now', async () => {
  const { server } = await start();
  const endpoint = { clusterAddress: '10.61.1.1', address: '192.0.2.1' };
  await publishApiService(server.client, { ...endpoint, port: 6443 });
  await publishApiService(server.client, { ...endpoint, port: 7443 });
  const { body } = await server.call<Service>({ path: `${SERVICES}/kubernetes` });
  assert.deepEqual([body.spec.clusterIP, body.spec.ports?.[0]?.targetPort], ['10.61.1.1', 7443]);
});
