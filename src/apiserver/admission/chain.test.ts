import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { forbidden } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import { addAuditAnnotation, addWarning } from '#apiserver/request-notes.ts';
import { encodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

async function serverWith(context: TestContext, ...admission: AdmissionPlugin[]): Promise<TestServer> {
  const server = await startTestServer({ admission });
  context.after(() => server.stop());
  return server;
}

/** A plugin on config maps alone. */
function onMaps(name: string, phases: Pick<AdmissionPlugin, 'mutate' | 'validate'>): AdmissionPlugin {
  return { name, handles: ({ type }) => type === configMapResource, ...phases };
}

function create(server: TestServer, name: string, query = '') {
  return server.call<{ data?: Record<string, string>; message?: string }>({
    method: 'POST',
    path: `${MAPS}${query}`,
    body: { metadata: { name } },
  });
}

test('all plugins change an object before any of them judges it', async (context) => {
  const order: string[] = [];
  const tell = (name: string): AdmissionPlugin =>
    onMaps(name, {
      mutate: () => void order.push(`mutate ${name}`),
      validate: () => void order.push(`validate ${name}`),
    });
  const server = await serverWith(context, tell('a'), tell('b'));
  await create(server, 'x');
  assert.deepEqual(order, ['mutate a', 'mutate b', 'validate a', 'validate b']);
});

test('what a plugin makes of an object is checked by its schema rules, before anything judges it', async (context) => {
  let judged = false;
  const server = await serverWith(
    context,
    onMaps('spoils', { mutate: ({ object }) => void Object.assign(object, { data: { 'no/key': 'x' } }) }),
    onMaps('judges', { validate: () => void (judged = true) }),
  );
  assert.match(
    refusalOf(await create(server, 'x')),
    /^422 Invalid: ConfigMap "x" is invalid: data\[no\/key\]/,
  );
  assert.equal(judged, false);
});

test('a plugin may ask for one more pass, and gets only one', async (context) => {
  const passes: number[] = [];
  const greedy = onMaps('greedy', {
    mutate: (request) => {
      passes.push(request.pass);
      request.reinvoke();
    },
  });
  const server = await serverWith(context, greedy);
  assert.equal((await create(server, 'x')).status, 201);
  assert.deepEqual(passes, [1, 2]);
});

test('a refusal carries the warnings, once each, and stores nothing', async (context) => {
  const refuses = onMaps('refuses', {
    validate: ({ notes, name }) => {
      addWarning(notes, 'think twice');
      addWarning(notes, 'think twice');
      addWarning(notes, 'think "thrice"');
      addAuditAnnotation(notes, 'a/b', 'c');
      throw forbidden({ resource: 'configmaps', name }, 'not today');
    },
  });
  const server = await serverWith(context, refuses);
  const answer = await create(server, 'x');
  assert.equal(refusalOf(answer), '403 Forbidden: configmaps "x" is forbidden: not today');
  assert.equal(answer.headers.warning, String.raw`299 - "think twice", 299 - "think \"thrice\""`);
  assert.equal((await server.call({ path: `${MAPS}/x` })).status, 404);
});

test('a plugin sees what is done, to what, by whom, and where', async (context) => {
  const seen: string[] = [];
  const see = async (request: AdmissionRequest): Promise<void> => {
    const { operation, namespace, name, old, user, dryRun, subresource, kind } = request;
    const where = (await request.namespaceObject())?.metadata.uid === undefined ? 'nowhere' : 'there';
    seen.push(
      [
        operation,
        kind.kind,
        namespace,
        name,
        subresource,
        old === undefined ? 'new' : 'old',
        user.name,
        dryRun,
        where,
      ].join(' '),
    );
  };
  const server = await serverWith(context, onMaps('sees', { validate: see }));
  await create(server, 'x', '?dryRun=All');
  await create(server, 'x');
  await server.call({
    method: 'PUT',
    path: `${MAPS}/x`,
    body: { metadata: { name: 'x' }, data: { a: 'b' } },
  });
  await server.call({ method: 'DELETE', path: MAPS });
  const by = 'system:apiserver';
  assert.deepEqual(
    seen.filter((line) => line.includes(' default ')),
    [
      `create ConfigMap default x  new ${by} true there`,
      `create ConfigMap default x  new ${by} false there`,
      `update ConfigMap default x  old ${by} false there`,
      `delete ConfigMap default x  old ${by} false there`,
    ],
  );
});

test('an eviction, a binding and a stream are seen as what they are', async (context) => {
  const seen: string[] = [];
  const sees: AdmissionPlugin = {
    name: 'sees',
    handles: ({ type, subresource }) => type.plural === 'pods' && subresource !== undefined,
    validate: ({ operation, subresource, kind, name }) =>
      void seen.push(`${operation} ${kind.group}/${kind.version} ${kind.kind} pods/${subresource} ${name}`),
  };
  const server = await serverWith(context, sees);
  const pods = '/api/v1/namespaces/default/pods';
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await server.call({ method: 'POST', path: pods, body: { metadata: { name: 'p' }, spec } });
  await server.call({ method: 'POST', path: `${pods}/p/binding`, body: { target: { name: 'n' } } });
  await server.call({ method: 'POST', path: `${pods}/p/eviction`, body: { metadata: { name: 'p' } } });
  assert.deepEqual(seen, ['create /v1 Binding pods/binding p', 'create policy/v1 Eviction pods/eviction p']);
});

test('what a plugin writes is committed with the object, or judged again', async (context) => {
  let commitsBeside = 0;
  const tally = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'tally', namespace: 'default' } };
  const key = objectStoreKey(configMapResource, { namespace: 'default', name: 'tally' });
  const counts: AdmissionPlugin = onMaps('counts', {
    async validate(request) {
      if (request.name === 'tally') return;
      const current = await server.store.get(key);
      commitsBeside += 1;
      const precondition = { type: 'revision', revision: current?.revision ?? 0 } as const;
      const object = { ...tally, data: { by: request.name } } as never;
      request.operations.push({ type: 'put', key, ...encodeObject(object), precondition });
      // Somebody else writes it before this write gets to the store.
      if (commitsBeside === 1)
        await server.call({
          method: 'PUT',
          path: `${MAPS}/tally`,
          body: { ...tally, data: { by: 'other' } },
        });
    },
  });
  const server = await serverWith(context, counts);
  await create(server, 'tally');
  assert.equal((await create(server, 'x')).status, 201);
  assert.equal(commitsBeside, 2);
  assert.deepEqual((await server.call<{ data: unknown }>({ path: `${MAPS}/tally` })).body.data, { by: 'x' });
});

test('a creation that was let in keeps its namespace from being finalised', async (context) => {
  let proceed = (): void => undefined;
  const waits = onMaps('waits', {
    mutate: () =>
      new Promise((resolve) => {
        proceed = resolve;
      }),
  });
  const server = await serverWith(context, waits);
  await server.call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'going' } } });
  const path = '/api/v1/namespaces/going';
  const slow = server.call({
    method: 'POST',
    path: `${path}/configmaps`,
    body: { metadata: { name: 'late' } },
  });
  await server.settle();
  const { body } = await server.call({ method: 'DELETE', path });
  const finalize = () =>
    server.call({ method: 'PUT', path: `${path}/finalize`, body: { ...body, spec: { finalizers: [] } } });
  assert.match(refusalOf(await finalize()), /^409 Conflict: .*1 creations in the namespace are under way/);
  proceed();
  assert.equal((await slow).status, 201);
  assert.match(refusalOf(await finalize()), /^409 Conflict: .*1 configmaps are left in the namespace/);
});
