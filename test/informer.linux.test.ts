import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { serveApi } from '#apiserver/serve.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import type { HttpsServer } from '#system/https-server.ts';
import { AUTHORITY, CLIENT, SERVER } from '#system/tls.fixture.ts';
import { eventually } from './eventually.ts';

const CHANGES = 10_000;

/** The server lets go of every connection after so many changes. */
const CHANGES_PER_RECONNECT = 1000;

/** How long after an error the informer begins again, in milliseconds. */
const RESTART_MS = 20;

/** Objects that are changed in turn. */
const OBJECTS = 50;

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('an informer of @kubernetes/client-node', () => {
  let api: TestServer;
  let https: HttpsServer;
  let port = 0;

  const serve = async (): Promise<void> => {
    const tls = { ...SERVER, clientAuthority: AUTHORITY };
    https = await serveApi({ server: api.server, host: '127.0.0.1', port, tls });
    port = https.port;
  };
  before(async () => {
    api = await startTestServer();
    await serve();
    const root = '/apis/rbac.authorization.k8s.io/v1';
    const apiGroup = 'rbac.authorization.k8s.io';
    const role = {
      metadata: { name: 'maps' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    };
    const binding = {
      metadata: { name: 'maps' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'maps' },
      subjects: [{ apiGroup, kind: 'User', name: 'tester' }],
    };
    await api.call({ method: 'POST', path: `${root}/clusterroles`, body: role });
    await api.call({ method: 'POST', path: `${root}/clusterrolebindings`, body: binding });
    await api.settle();
  });
  after(async () => {
    await https[Symbol.asyncDispose]();
    await api.stop();
  });

  it(`is right after ${CHANGES} changes and ${CHANGES / CHANGES_PER_RECONNECT} lost connections`, async () => {
    const config = configOf(port);
    const client = config.makeApiClient(CoreV1Api);
    const informer = makeInformer<V1ConfigMap>(config, MAPS, () =>
      client.listNamespacedConfigMap({ namespace: 'default' }),
    );
    let seen = 0;
    let isOver = false;
    const newest = new Map<string, number>();
    const note = (map: V1ConfigMap): void => {
      const [name, version] = [map.metadata?.name ?? '', Number(map.metadata?.resourceVersion)];
      assert.ok(version >= (newest.get(name) ?? 0), `${name} went back to ${version}`);
      newest.set(name, version);
      seen += 1;
    };
    for (const event of ['add', 'update'] as const) informer.on(event, note);
    // What a controller does: it begins again, after a little while.
    informer.on('error', () => {
      if (!isOver) setTimeout(() => void informer.start(), RESTART_MS);
    });
    await informer.start();

    for (let change = 0; change < CHANGES; change += 1) {
      const name = `map-${change % OBJECTS}`;
      const body = { metadata: { name }, data: { change: String(change) } };
      const isNew = change < OBJECTS;
      const answer = await api.call({
        method: isNew ? 'POST' : 'PUT',
        path: isNew ? MAPS : `${MAPS}/${name}`,
        body,
      });
      assert.ok(answer.status < 300, answer.text);
      if (change % 100 === 99) await new Promise(setImmediate);
      if (change % CHANGES_PER_RECONNECT === CHANGES_PER_RECONNECT - 1) {
        await https[Symbol.asyncDispose]();
        await serve();
      }
    }
    await eventually(
      'the informer has all of it',
      () => informer.list('default').map(({ data }) => Number(data?.['change'])),
      (changes) => changes.length === OBJECTS && Math.min(...changes) >= CHANGES - OBJECTS,
    );
    console.log(`# ${seen} events were seen of ${CHANGES} changes`);
    isOver = true;
    await informer.stop();
  });
});

function configOf(port: number): KubeConfig {
  const config = new KubeConfig();
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  config.loadFromClusterAndUser(
    { name: 'c', server: `https://127.0.0.1:${port}`, caData: encoded(AUTHORITY), skipTLSVerify: false },
    { name: 'u', certData: encoded(CLIENT.certificate), keyData: encoded(CLIENT.key) },
  );
  return config;
}
