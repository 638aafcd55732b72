import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { serviceResource } from '#api/core/service.ts';
import { isStatus, StatusError } from '#api/status.ts';
import { createControlPlane, ensureNamespaces } from '#apiserver/control-plane.ts';
import { serviceAddresses } from '#apiserver/service-addresses/service-addresses.ts';
import type { Client } from '#client/client.ts';
import { openEtcdStore } from '#store/etcd.ts';
import { startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import type { Store } from '#store/store.ts';
import { must } from '#system/assert.ts';
import { silentLog } from '#system/log.ts';
import { realClock, realDefer, realRandom } from '#system/real.ts';
import { seededRandom } from '#system/simulated-time.ts';

/** Namespaces that are removed while others create in them. */
const NAMESPACES = 25;

/** Deletes a namespace as its controller does. */
async function remove(client: Client, name: string): Promise<void> {
  await client.delete(namespaceResource, { name });
  for (;;) {
    await client.raw({ method: 'DELETE', path: `/api/v1/namespaces/${name}/configmaps` });
    try {
      return void (await client.finalize(namespaceResource, { name }));
    } catch (error) {
      if (!isStatus(error, 'Conflict')) throw error;
    }
  }
}

async function codeOf(action: Promise<unknown>): Promise<number> {
  try {
    await action;
    return 201;
  } catch (error) {
    return error instanceof StatusError ? error.code : 0;
  }
}

test('two servers on one etcd leave nothing in a namespace, and give no address twice', {
  skip: withoutEtcd(),
}, async (context) => {
  const members = await startEtcd();
  const stores: Store[] = [];
  context.after(async () => {
    for (const each of [...stores, ...members]) await each[Symbol.asyncDispose]();
  });
  const start = async () => {
    const store = await openEtcdStore({
      endpoints: members.map(({ endpoint }) => endpoint),
      tls: must(members[0], 'a member').tls,
      clock: realClock,
      random: realRandom,
      defer: realDefer,
    });
    stores.push(store);
    const system = { store, clock: realClock, random: realRandom, log: silentLog };
    // Both draw the same numbers.
    const admission = [serviceAddresses({ ...system, cidr: '10.61.1.0/27', random: seededRandom(1) })];
    const { client } = createControlPlane({ ...system, types: BUILTIN_RESOURCES, admission });
    return { store, client };
  };
  const one = await start();
  const other = await start();
  await ensureNamespaces(one.client, ['default']);
  const codes = new Map<number, number>();
  for (let n = 0; n < NAMESPACES; n++) {
    await ensureNamespaces(one.client, [`n${n}`]);
    const creates = Array.from({ length: 12 }, async (_, index) => {
      for (let wait = 0; wait < index; wait++) await other.store.get('/nothing');
      const metadata = { namespace: `n${n}`, name: `c${index}` };
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata } as const;
      const code = await codeOf(other.client.create(configMapResource, object));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    });
    for (let wait = 0; wait < (n % 5) * 4; wait++) await one.store.get('/nothing');
    await Promise.all([...creates, remove(one.client, `n${n}`)]);
    assert.equal(await other.store.count(`/registry/core/configmaps/n${n}/`), 0);
  }
  assert.ok((codes.get(201) ?? 0) > 0 && (codes.get(403) ?? 0) > 0, JSON.stringify([...codes]));
  const services = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? one : other).client.create(serviceResource, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'default', name: `s${index}` },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      }),
    ),
  );
  assert.equal(new Set(services.map(({ spec }) => spec.clusterIP)).size, services.length);
  assert.equal(new Set(services.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, services.length);
});
