import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Service } from '#api/core/service.ts';
import type { KubeObject } from '#api/object.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

type ConfigMap = KubeObject & { data?: Record<string, string> };
type Deployment = KubeObject & { spec: { replicas: number }; status?: { replicas?: number } };

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function createConfigMap(name: string, metadata: object = {}): Promise<ConfigMap> {
  const body = { metadata: { name, ...metadata }, data: { a: '1' } };
  const answer = await server.call<ConfigMap>({ method: 'POST', path: CONFIG_MAPS, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

function deployment(name: string): object {
  return {
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
}

test('a new object is answered as it is stored, and read back byte for byte', async () => {
  const body = { metadata: { name: 'new' }, data: { a: '1' } };
  const created = await server.call({ method: 'POST', path: CONFIG_MAPS, body });
  assert.equal(created.status, 201);
  const { uid, resourceVersion, managedFields, ...metadata } = created.body.metadata;
  assert.match(uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(resourceVersion, String(server.store.revision));
  assert.equal(managedFields?.length, 1);
  assert.deepEqual(
    { ...created.body, metadata },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'new', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
      data: { a: '1' },
    },
  );
  const read = await server.call({ path: `${CONFIG_MAPS}/new` });
  assert.deepEqual([read.status, read.text], [200, created.text]);
});

test('what a client may not say of a new object is refused or replaced', async () => {
  const post = (metadata: object, path = CONFIG_MAPS) =>
    server.call({ method: 'POST', path, body: { metadata } });
  assert.equal(
    refusalOf(await post({ name: 'x', resourceVersion: '5' })),
    '400 BadRequest: resourceVersion should not be set on objects to be created',
  );
  assert.equal(
    refusalOf(await post({ name: 'x', namespace: 'other' })),
    '400 BadRequest: the namespace of the provided object does not match the namespace sent on the request',
  );
  assert.equal(
    refusalOf(await post({ name: 'x' }, '/api/v1/configmaps')),
    '400 BadRequest: an empty namespace may not be set during creation',
  );
  assert.equal(
    refusalOf(await post({ name: 'x', namespace: 'default' }, '/api/v1/nodes')),
    '400 BadRequest: namespace must not be set on a cluster-scoped object',
  );
  assert.equal(
    refusalOf(await post({})),
    '422 Invalid: ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  );
  const own = {
    name: 'own',
    uid: 'mine',
    creationTimestamp: '2000-01-01T00:00:00Z',
    deletionTimestamp: '2000-01-01T00:00:00Z',
    generation: 9,
  };
  const { metadata } = (await post(own)).body;
  assert.notEqual(metadata.uid, 'mine');
  assert.equal(metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  assert.equal(metadata.deletionTimestamp, undefined);
  assert.equal(metadata.generation, undefined);
});

test('a name that is taken is refused; a generated one is drawn', async () => {
  await createConfigMap('taken');
  const again = await server.call({
    method: 'POST',
    path: CONFIG_MAPS,
    body: { metadata: { name: 'taken' } },
  });
  assert.equal(refusalOf(again), '409 AlreadyExists: configmaps "taken" already exists');
  const names = new Set<string>();
  for (let n = 0; n < 20; n++) {
    const body = { metadata: { generateName: 'drawn-' } };
    names.add((await server.call({ method: 'POST', path: CONFIG_MAPS, body })).body.metadata.name);
  }
  assert.equal(names.size, 20);
  for (const name of names) assert.match(name, /^drawn-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  const long = { metadata: { generateName: `${'x'.repeat(80)}-` } };
  const { name } = (await server.call({ method: 'POST', path: CONFIG_MAPS, body: long })).body.metadata;
  assert.equal(name.length, 63);
});

test('what is not there is not found, in the words of Kubernetes', async () => {
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const body = method === 'PUT' ? { body: { metadata: { name: 'none' } } } : {};
    const answer = await server.call({ method, path: `${DEPLOYMENTS}/none`, ...body });
    assert.equal(refusalOf(answer), '404 NotFound: deployments.apps "none" not found');
    assert.deepEqual(answer.body.details, { name: 'none', group: 'apps', kind: 'deployments' });
  }
});

test('an update demands the state that the client has seen, where it names one', async () => {
  const first = await createConfigMap('versioned');
  const put = (metadata: object, data: object) =>
    server.call<ConfigMap>({
      method: 'PUT',
      path: `${CONFIG_MAPS}/versioned`,
      body: { metadata: { name: 'versioned', ...metadata }, data },
    });
  const second = await put({ resourceVersion: first.metadata.resourceVersion }, { a: '2' });
  assert.equal(second.status, 200);
  const stale = await put({ resourceVersion: first.metadata.resourceVersion }, { a: '3' });
  assert.equal(
    refusalOf(stale as never),
    '409 Conflict: Operation cannot be fulfilled on configmaps "versioned": the object has been modified; please apply your changes to the latest version and try again',
  );
  assert.equal((await put({}, { a: '4' })).body.data?.a, '4', 'without a version, the current one counts');
  assert.match(
    refusalOf((await put({ uid: 'other' }, {})) as never),
    /^409 Conflict: .*Precondition failed: UID in precondition: other, UID in object meta: /,
  );
  assert.match(
    refusalOf((await put({ namespace: 'kube-system' }, {})) as never),
    /^400 BadRequest: the namespace of the/,
  );
  const renamed = await server.call({
    method: 'PUT',
    path: `${CONFIG_MAPS}/versioned`,
    body: { metadata: { name: 'b' } },
  });
  assert.equal(
    refusalOf(renamed),
    '400 BadRequest: the name of the object (b) does not match the name on the URL (versioned)',
  );
});

test('an update that changes nothing is no write', async () => {
  const created = await createConfigMap('same');
  server.clock.setWall(server.clock.now() + 60_000);
  const { revision } = server.store;
  const answer = await server.call({ method: 'PUT', path: `${CONFIG_MAPS}/same`, body: created });
  assert.equal(answer.body.metadata.resourceVersion, created.metadata.resourceVersion);
  assert.equal(server.store.revision, revision);
});

test('20 patches of one object at the same time all land, without one being tried in vain', async () => {
  await createConfigMap('contended');
  const { revision } = server.store;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      server.call({
        method: 'PATCH',
        path: `${CONFIG_MAPS}/contended`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { data: { [`k${n}`]: 'v' } },
      }),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(20).fill(200),
  );
  const { body } = await server.call<ConfigMap>({ path: `${CONFIG_MAPS}/contended` });
  assert.equal(Object.keys(body.data ?? {}).length, 21);
  assert.equal(server.store.revision, revision + 20);
});

test('a dry run answers as if, and keeps nothing', async () => {
  const { revision } = server.store;
  const body = { metadata: { name: 'dry' }, data: { a: '1' } };
  const created = await server.call({ method: 'POST', path: `${CONFIG_MAPS}?dryRun=All`, body });
  assert.equal(created.status, 201);
  assert.equal(created.body.metadata.resourceVersion, undefined);
  assert.equal((await server.call({ path: `${CONFIG_MAPS}/dry` })).status, 404);
  assert.equal(server.store.revision, revision);
  const kept = await createConfigMap('kept');
  const updated = await server.call<ConfigMap>({
    method: 'PUT',
    path: `${CONFIG_MAPS}/kept?dryRun=All`,
    body: { metadata: { name: 'kept' }, data: { a: '2' } },
  });
  assert.deepEqual(
    [updated.body.data?.a, updated.body.metadata.resourceVersion],
    ['2', kept.metadata.resourceVersion],
  );
  for (const request of [
    { path: `${CONFIG_MAPS}/kept?dryRun=All` },
    { path: `${CONFIG_MAPS}/kept`, body: { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] } },
    { path: `${CONFIG_MAPS}?dryRun=All` },
    { path: CONFIG_MAPS, body: { dryRun: ['All'] } },
  ]) {
    assert.equal((await server.call({ method: 'DELETE', ...request })).status, 200);
    assert.equal(
      (await server.call({ path: `${CONFIG_MAPS}/kept` })).text,
      JSON.stringify(kept),
      JSON.stringify(request),
    );
  }
  assert.equal(
    refusalOf(await server.call({ method: 'POST', path: `${CONFIG_MAPS}?dryRun=Some`, body })),
    '422 Invalid: CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  );
});

test('finalizers keep an object until the last one is gone', async () => {
  await createConfigMap('held', { finalizers: ['example.com/a', 'example.com/b'] });
  const path = `${CONFIG_MAPS}/held`;
  const patch = (finalizers: string[]) =>
    server.call({
      method: 'PATCH',
      path,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { finalizers } },
    });
  const deleted = await server.call({ method: 'DELETE', path });
  assert.equal(deleted.body.metadata.deletionGracePeriodSeconds, 0);
  const { deletionTimestamp } = deleted.body.metadata;
  assert.ok(deletionTimestamp);
  const again = await server.call({ method: 'DELETE', path });
  assert.equal(again.text, deleted.text, 'deleting it again changes nothing');
  assert.match(refusalOf(await patch(['example.com/a', 'example.com/c'])), /no new finalizers can be added/);
  assert.deepEqual((await patch(['example.com/a'])).body.metadata.finalizers, ['example.com/a']);
  assert.equal((await server.call({ path })).body.metadata.deletionTimestamp, deletionTimestamp);
  assert.equal((await patch([])).status, 200);
  assert.equal((await server.call({ path })).status, 404);
});

test('delete options: preconditions, propagation, and what is wrong with them', async () => {
  const { metadata } = await createConfigMap('careful');
  const remove = (body: unknown, query = '') =>
    server.call({
      method: 'DELETE',
      path: `${CONFIG_MAPS}/careful${query}`,
      ...(body === undefined ? {} : { body }),
    });
  const table: [unknown, string, RegExp][] = [
    [{ preconditions: { uid: 'other' } }, '', /^409 Conflict: .*UID in the precondition \(other\)/],
    [
      { preconditions: { resourceVersion: '1' } },
      '',
      /^409 Conflict: .*ResourceVersion in the precondition \(1\)/,
    ],
    [
      { propagationPolicy: 'Sideways' },
      '',
      /^422 Invalid: .*propagationPolicy: Unsupported value: "Sideways"/,
    ],
    [
      undefined,
      '?propagationPolicy=Sideways',
      /^422 Invalid: .*propagationPolicy: Unsupported value: "Sideways"/,
    ],
    [{ propagationPolicy: 'Orphan', orphanDependents: true }, '', /^422 Invalid: .*cannot be both set/],
    [
      { gracePeriodSeconds: 'soon' },
      '',
      /^400 BadRequest: .*gracePeriodSeconds: expected int64, got string "soon"/,
    ],
    [undefined, '?gracePeriodSeconds=soon', /^400 BadRequest: gracePeriodSeconds: Invalid value: "soon"/],
    [{ preconditions: 'x' }, '', /^400 BadRequest: .*preconditions: expected object/],
    [{ dryRun: ['No'] }, '', /^422 Invalid: .*dryRun: Unsupported value: \["No"\]/],
    [{ kind: 'Pod' }, '', /^400 BadRequest: a DeleteOptions is expected at this path, got kind "Pod"/],
    [[], '', /^400 BadRequest: the body of the request must be a DeleteOptions/],
    ['null', '', /^400 BadRequest: the body of the request must be a DeleteOptions/],
  ];
  for (const [body, query, expected] of table) {
    assert.match(refusalOf(await remove(body, query)), expected);
    assert.equal((await server.call({ path: `${CONFIG_MAPS}/careful` })).status, 200);
  }
  const orphaning = await remove({ propagationPolicy: 'Orphan', preconditions: { uid: metadata.uid } });
  assert.deepEqual(orphaning.body.metadata.finalizers, ['orphan']);
  await createConfigMap('parent');
  const foreground = await server.call({
    method: 'DELETE',
    path: `${CONFIG_MAPS}/parent?propagationPolicy=Foreground`,
  });
  assert.deepEqual(foreground.body.metadata.finalizers, ['foregroundDeletion']);
});

test('a collection is deleted as far as it is selected, one namespace at a time', async () => {
  for (const [name, tier] of [
    ['c1', 'x'],
    ['c2', 'y'],
    ['c3', 'x'],
  ] as const)
    await createConfigMap(name, { labels: { tier } });
  const answer = await server.call<{ kind: string; items: KubeObject[] }>({
    method: 'DELETE',
    path: `${CONFIG_MAPS}?labelSelector=tier%3Dx`,
  });
  assert.deepEqual(
    [answer.body.kind, answer.body.items.map(({ metadata }) => metadata.name)],
    ['ConfigMapList', ['c1', 'c3']],
  );
  assert.equal((await server.call({ path: `${CONFIG_MAPS}/c2` })).status, 200);
  for (const path of ['/api/v1/configmaps', '/api/v1/namespaces']) {
    assert.match(refusalOf(await server.call({ method: 'DELETE', path })), /^405 MethodNotAllowed/);
  }
});

test('spec and status are written apart, and only the spec counts generations', async () => {
  await server.call({
    method: 'POST',
    path: DEPLOYMENTS,
    body: { ...deployment('halves'), status: { replicas: 7 } },
  });
  const path = `${DEPLOYMENTS}/halves`;
  const read = async () => (await server.call<Deployment>({ path })).body;
  const created = await read();
  assert.deepEqual([created.metadata.generation, created.status], [1, {}]);
  const put = (to: string, change: object) =>
    server.call<Deployment>({
      method: 'PUT',
      path: to,
      body: { ...created, metadata: { name: 'halves', labels: { l: '1' } }, ...change },
    });
  const spec = await put(path, { spec: { ...created.spec, replicas: 3 }, status: { replicas: 9 } });
  assert.deepEqual([spec.body.metadata.generation, spec.body.spec.replicas, spec.body.status], [2, 3, {}]);
  const status = await put(`${path}/status`, {
    spec: { ...created.spec, replicas: 5 },
    status: { replicas: 1 },
  });
  assert.deepEqual(
    [status.body.metadata.generation, status.body.spec.replicas, status.body.status],
    [2, 3, { replicas: 1 }],
  );
  const labelled = await put(path, {
    spec: { ...created.spec, replicas: 3 },
    metadata: { name: 'halves', labels: { l: '2' } },
  });
  assert.deepEqual([labelled.body.metadata.generation, labelled.body.status], [2, { replicas: 1 }]);
  assert.equal((await server.call({ path: `${path}/status` })).text, (await server.call({ path })).text);
  for (const method of ['DELETE', 'POST']) {
    assert.match(refusalOf(await server.call({ method, path: `${path}/status` })), /^405 MethodNotAllowed/);
  }
  assert.equal((await server.call({ path })).status, 200);
});

test('an answer that cannot be given is refused before anything is written', async () => {
  const { revision } = server.store;
  const body = { metadata: { name: 'unanswerable' } };
  for (const [query, accept, expected] of [
    [
      '',
      'text/html',
      /^406 NotAcceptable: only the following media types are accepted: application\/json, application\/yaml, got "text\/html"/,
    ],
    [
      '?includeObject=All',
      'application/json;as=Table;g=meta.k8s.io;v=v1',
      /^400 BadRequest: includeObject: "All" is not one of/,
    ],
  ] as const) {
    assert.match(
      refusalOf(
        await server.call({ method: 'POST', path: `${CONFIG_MAPS}${query}`, headers: { accept }, body }),
      ),
      expected,
    );
  }
  assert.equal(server.store.revision, revision);
});

test('one object as a table row, or as its metadata alone', async () => {
  await createConfigMap('shaped');
  const path = `${CONFIG_MAPS}/shaped`;
  const table = await server.call<{ kind: string; rows: { cells: unknown[]; object: KubeObject }[] }>({
    path,
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
  });
  assert.deepEqual(
    [table.body.kind, table.body.rows[0]?.cells.slice(0, 2), table.body.rows[0]?.object.kind],
    ['Table', ['shaped', 1], 'PartialObjectMetadata'],
  );
  const partial = await server.call({
    path,
    headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
  });
  assert.deepEqual(Object.keys(partial.body), ['kind', 'apiVersion', 'metadata']);
  assert.equal(partial.body.metadata.name, 'shaped');
});

test('a lease is replaced only by who names the version that it replaces; a config map by anyone', async () => {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const lease = { metadata: { name: 'held' }, spec: { holderIdentity: 'a' } };
  const made = await server.call<KubeObject>({ method: 'POST', path: leases, body: lease });
  const path = `${leases}/held`;
  assert.equal(
    refusalOf(await server.call({ method: 'PUT', path, body: lease })),
    '422 Invalid: Lease.coordination.k8s.io "held" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
  );
  assert.equal(refusalOf(await server.call({ method: 'PUT', path, body: made.body })), '200');
  await createConfigMap('anybody');
  const body = { metadata: { name: 'anybody' }, data: { a: '2' } };
  assert.equal(refusalOf(await server.call({ method: 'PUT', path: `${CONFIG_MAPS}/anybody`, body })), '200');
});

test('a PUT creates a lease that is not there, as what nobody has seen yet', async () => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/put';
  const put = (metadata: object) =>
    server.call<KubeObject>({ method: 'PUT', path, body: { metadata, spec: { holderIdentity: 'a' } } });
  assert.match(
    refusalOf((await put({ name: 'put', uid: 'earlier' })) as never),
    /^409 Conflict: .* UID in precondition: earlier, UID in object meta: $/,
  );
  assert.match(refusalOf((await put({ name: 'other' })) as never), /^400 BadRequest: the name of the object/);
  const made = await put({ name: 'put', resourceVersion: '77' });
  assert.deepEqual([made.status, made.body.metadata.managedFields?.length], [201, 1], made.text);
  assert.equal((await put({ ...made.body.metadata })).status, 200);
});

test('a status is filled in, too: a load balancer need not say how it hands on packets', async () => {
  const path = '/api/v1/namespaces/default/services';
  const ports = [{ port: 80 }];
  const made = { metadata: { name: 'balanced' }, spec: { type: 'LoadBalancer', ports } };
  assert.equal((await server.call({ method: 'POST', path, body: made })).status, 201);
  const patched = await server.call<Service>({
    method: 'PATCH',
    path: `${path}/balanced/status`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } } },
  });
  assert.equal(refusalOf(patched as never), '200');
  assert.deepEqual(patched.body.status?.loadBalancer?.ingress, [{ ip: '203.0.113.7', ipMode: 'VIP' }]);
});

test('of an object that is gone a client is told so; of a service it gets the last state', async () => {
  const { metadata } = await createConfigMap('told');
  const told = await server.call({ method: 'DELETE', path: `${CONFIG_MAPS}/told` });
  assert.deepEqual(told.body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'told', kind: 'configmaps', uid: metadata.uid },
  });
  const services = '/api/v1/namespaces/default/services';
  const service = { metadata: { name: 'whole' }, spec: { ports: [{ port: 80 }] } };
  await server.call({ method: 'POST', path: services, body: service });
  const whole = await server.call<KubeObject>({ method: 'DELETE', path: `${services}/whole` });
  assert.equal(whole.body.kind, 'Service');
  const kept = await createConfigMap('waiting', { finalizers: ['example.com/wait'] });
  const { body } = await server.call<KubeObject>({ method: 'DELETE', path: `${CONFIG_MAPS}/waiting` });
  assert.deepEqual([body.kind, body.metadata.uid], ['ConfigMap', kept.metadata.uid]);
});

test('a job that is deleted without a word leaves its pods behind, and says so', async () => {
  const jobs = '/apis/batch/v1/namespaces/default/jobs';
  const create = (name: string) =>
    server.call({
      method: 'POST',
      path: jobs,
      body: {
        metadata: { name },
        spec: {
          suspend: true,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
        },
      },
    });
  await create('silent');
  await create('told');
  const silent = await server.call<KubeObject>({ method: 'DELETE', path: `${jobs}/silent` });
  assert.deepEqual(silent.body.metadata.finalizers, ['orphan']);
  assert.match(String(silent.headers.warning), /child pods are preserved by default when jobs are deleted/);
  const told = await server.call({ method: 'DELETE', path: `${jobs}/told?propagationPolicy=Background` });
  assert.deepEqual([told.body.kind, told.headers.warning], ['Status', undefined]);
});
