import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '#api/core/service.ts';
import { serviceAddresses } from '#apiserver/service-address.ts';
import { refusalOf, startTestServer, type TestAnswer, type TestServer } from '#apiserver/test-server.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const SERVICES = '/api/v1/namespaces/default/services';

interface Bed {
  readonly server: TestServer;
  /** Of the reservations; the server has its own. */
  readonly clock: SimulatedClock;
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
    clock,
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

test('what a service that was never stored had got is free again after a while', async () => {
  const { server, clock, create } = await start();
  await create('held', { clusterIP: '10.61.1.99', ports: [{ port: 70_000 }] });
  assert.match(refusalOf((await create('next', { clusterIP: '10.61.1.99' })) as never), /^422 Invalid/);
  await clock.advance(31_000);
  assert.equal((await create('next', { clusterIP: '10.61.1.99' })).status, 201);
  await server.stop();
});

test('the smallest range gives what it has, then says that it is full', async () => {
  const { server, create } = await start('10.61.1.16/28');
  const given = new Set<string>();
  for (let n = 0; n < 11; n++) {
    const { status, body } = await create(`s${n}`);
    assert.equal(status, 201);
    given.add(body.spec.clusterIP ?? '');
  }
  for (const address of given) assert.match(address, /^10\.61\.1\.(2\d|30)$/);
  assert.equal(given.size, 11);
  assert.match(
    refusalOf((await create('over')) as never),
    /no free cluster address was found in 10\.61\.1\.16\/28/,
  );
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
