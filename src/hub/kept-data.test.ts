import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import { inProcessTransport } from '#apiserver/transport.ts';
import { readBody } from '#client/transport.ts';
import { createHubCore, type HubCore } from '#hub/hub-core.ts';
import { bundleKeyFromSeed, createBundleSigner } from '#pki/bundle-signature.ts';
import { KEPT_FORMATS, writeKeptDatabase } from '#store/kept-folder.fixture.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import { inFolder } from '#store/sqlite-bed.fixture.ts';
import { createLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const signer = createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(1)));

/** When the folder was kept. */
const KEPT_AT_MS = Date.UTC(2026, 10, 22, 7, 30);

/** Runs a hub on the data that an older one left. */
async function withKeptHub(
  format: (typeof KEPT_FORMATS)[number],
  use: (
    call: (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => Promise<KubeObject>,
    hub: HubCore,
  ) => Promise<void>,
): Promise<string[]> {
  const complaints: string[] = [];
  await inFolder(async (path) => {
    writeKeptDatabase(path, format);
    {
      await using store = openSqliteStore(path, { defer: queueMicrotask });
      const clock = new SimulatedClock(KEPT_AT_MS);
      const log = createLog({
        write: (line) => complaints.push(line),
        now: () => clock.now(),
        level: 'warn',
      });
      const hub = createHubCore({ store, signer, authority: 'PEM', clock, random: seededRandom(1), log });
      const stop = new AbortController();
      const running = hub.run(stop.signal);
      await clock.advanceUntil(() => hub.views.synced, 10_000);
      const transport = inProcessTransport(hub.server, API_SERVER_USER);
      await use(async (method, target, body) => {
        const headers = { 'content-type': 'application/json' };
        const request = { method, path: target, headers };
        const answer = await transport.request(
          body === undefined ? request : { ...request, body: Buffer.from(JSON.stringify(body)) },
        );
        const text = Buffer.from(await readBody(answer)).toString('utf8');
        assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${text}`);
        return JSON.parse(text) as KubeObject;
      }, hub);
      stop.abort();
      await clock.advance(5000);
      await running;
    }
  });
  return complaints;
}

interface Listed {
  readonly items: KubeObject[];
}

test('every object that an older hub stored is served, and is still good when it is written back as it was read', async () => {
  for (const format of KEPT_FORMATS) {
    const complaints = await withKeptHub(format, async (call, hub) => {
      const found = new Map<string, number>();
      for (const type of hub.kinds.current.types) {
        if (type.storedAs !== undefined) continue;
        const base = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
        const { items } = (await call('GET', `${base}/${type.plural}`)) as unknown as Listed;
        for (const item of items) {
          const { namespace, name } = item.metadata;
          const folder = namespace === undefined ? base : `${base}/namespaces/${namespace}`;
          const path = `${folder}/${type.plural}/${name}`;
          const object = await call('GET', path);
          assert.equal(object.kind, type.kind);
          await call('PUT', `${path}?dryRun=All`, object);
        }
        found.set(type.plural, items.length);
      }
      for (const plural of [
        'deployments',
        'cronjobs',
        'horizontalpodautoscalers',
        'boats',
        'sites',
        'applications',
      ])
        assert.ok((found.get(plural) ?? 0) > 0, `${plural} of format ${format}`);
      const old = '/apis/harbour.example/v1alpha1/namespaces/shop/boats/maria';
      assert.equal((await call('GET', old)).apiVersion, 'harbour.example/v1alpha1');
      const page = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } };
      await call('POST', '/api/v1/namespaces/shop/configmaps', page);
    });
    assert.deepEqual(complaints, []);
  }
});
