import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/pod.ts';
import type { Status } from '#api/status.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import type { LogOptions, PodAccess, PodStream } from '#apiserver/pod-access.ts';
import { type Sink } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const PODS = '/api/v1/namespaces/default/pods';
const SECOND_MS = 1000;

/** What was asked of the pods, and lines for whoever reads a log. */
const asked: (LogOptions | PodStream)[] = [];
let piecesRead = 0;
const access: PodAccess = {
  async *logs(_pod, options, signal) {
    asked.push(options);
    for (piecesRead = 0; piecesRead < 100 && !signal.aborted; piecesRead++) yield Buffer.alloc(100_000, 'x');
  },
  async streamUrl(_pod, stream) {
    asked.push(stream);
    return 'http://127.0.0.1:1/stream';
  },
};

let server: TestServer;
before(async () => {
  server = await startTestServer({ pods: () => access });
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function create(name: string, spec: object = {}): Promise<Pod> {
  const body = { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } };
  const answer = await server.call<Pod>({ method: 'POST', path: PODS, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

function bind(name: string, body: unknown) {
  return server.call({ method: 'POST', path: `${PODS}/${name}/binding`, body });
}

async function createBound(name: string, spec: object = {}): Promise<Pod> {
  await create(name, spec);
  assert.equal((await bind(name, { target: { kind: 'Node', name: 'n1' } })).status, 201);
  return (await server.call<Pod>({ path: `${PODS}/${name}` })).body;
}

function remove(name: string, query = '', body?: object) {
  return server.call<Pod>({
    method: 'DELETE',
    path: `${PODS}/${name}${query}`,
    ...(body === undefined ? {} : { body }),
  });
}

test('a binding puts a pod on a node, once, and says so in its conditions', async () => {
  const pod = await create('bound');
  assert.match(
    refusalOf(await bind('bound', { metadata: { uid: 'other' }, target: { name: 'n1' } })),
    /^409 Conflict: .*UID in precondition differs/,
  );
  const answer = await bind('bound', { metadata: { uid: pod.metadata.uid }, target: { name: 'n1' } });
  const { body } = await server.call<Pod>({ path: `${PODS}/bound` });
  assert.deepEqual(
    [answer.status, answer.body.metadata.resourceVersion],
    [201, body.metadata.resourceVersion],
  );
  assert.equal(body.spec.nodeName, 'n1');
  assert.deepEqual(
    body.status?.conditions?.map(({ type, status, lastTransitionTime }) => [
      type,
      status,
      lastTransitionTime,
    ]),
    [['PodScheduled', 'True', '2026-01-01T00:00:00Z']],
  );
  assert.match(
    refusalOf(await bind('bound', { target: { name: 'n2' } })),
    /^409 Conflict: .*already assigned to node "n1"/,
  );
});

test('a binding that is posted by itself binds the pod of its name', async () => {
  await create('named');
  const post = (metadata: object) =>
    server.call({
      method: 'POST',
      path: '/api/v1/namespaces/default/bindings',
      body: { metadata, target: { kind: 'Node', name: 'n1' } },
    });
  assert.equal(refusalOf(await post({})), '400 BadRequest: name is required');
  assert.match(refusalOf(await post({ name: 'nobody' })), /^404 NotFound/);
  assert.equal((await post({ name: 'named' })).status, 201);
  assert.equal((await server.call<Pod>({ path: `${PODS}/named` })).body.spec.nodeName, 'n1');
  assert.equal((await server.call({ path: '/api/v1/namespaces/default/bindings' })).status, 405);
});

test('a binding gives a pod its annotations, once it waits at no gate', async () => {
  await create('gated', { schedulingGates: [{ name: 'a.io/gate' }] });
  const bindIt = () => bind('gated', { metadata: { annotations: { a: 'b' } }, target: { name: 'n1' } });
  assert.match(refusalOf(await bindIt()), /^409 Conflict: .*pod gated has non-empty .spec.schedulingGates/);
  const path = `${PODS}/gated`;
  const { body } = await server.call<Pod>({ path });
  const { schedulingGates: _, ...spec } = body.spec;
  await server.call({ method: 'PUT', path, body: { ...body, spec } });
  await bindIt();
  assert.equal((await server.call<Pod>({ path })).body.metadata.annotations?.a, 'b');
});

test('what is no binding is refused', async () => {
  await create('unbound');
  for (const body of [
    'null',
    '[]',
    '"n1"',
    {},
    { target: 'n1' },
    { target: { name: 5 } },
    { target: {} },
    { kind: 'Pod' },
    { target: { kind: 'Pod', name: 'n' } },
    { metadata: { name: 'other' }, target: { name: 'n' } },
  ]) {
    assert.match(refusalOf(await bind('unbound', body)), /^400 BadRequest/, JSON.stringify(body));
  }
  assert.match(
    refusalOf(await bind('nobody', { target: { name: 'n' } })),
    /^404 NotFound: pods "nobody" not found/,
  );
});

test('a pod on a node is stopped in its own time, which a second deletion may only shorten', async () => {
  await createBound('graceful', { terminationGracePeriodSeconds: 60 });
  const time = ({ body }: { body: Pod }) => [
    body.metadata.deletionTimestamp,
    body.metadata.deletionGracePeriodSeconds,
  ];
  assert.deepEqual(time(await remove('graceful')), ['2026-01-01T00:01:00Z', 60]);
  await server.clock.advance(10 * SECOND_MS);
  assert.deepEqual(time(await remove('graceful', '?gracePeriodSeconds=90')), ['2026-01-01T00:01:00Z', 60]);
  assert.deepEqual(
    time(await remove('graceful', '', { gracePeriodSeconds: 30 })),
    ['2026-01-01T00:00:30Z', 30],
    'counted from the first request',
  );
  assert.equal((await remove('graceful', '?gracePeriodSeconds=0')).status, 200);
  assert.equal((await server.call({ path: `${PODS}/graceful` })).status, 404);
});

test('a pod that no host runs goes at once', async () => {
  await create('unscheduled');
  await createBound('finished');
  const headers = { 'content-type': 'application/merge-patch+json' };
  await server.call({
    method: 'PATCH',
    path: `${PODS}/finished/status`,
    headers,
    body: { status: { phase: 'Succeeded' } },
  });
  for (const name of ['unscheduled', 'finished']) {
    assert.equal((await remove(name)).body.metadata.deletionTimestamp, undefined);
    assert.equal((await server.call({ path: `${PODS}/${name}` })).status, 404);
  }
});

test('no grace period is too odd to be answered', async () => {
  const table: [string, object, number][] = [
    ['negative', { gracePeriodSeconds: -5 }, 1],
    ['endless', { gracePeriodSeconds: Number.MAX_SAFE_INTEGER }, 10 * 365 * 24 * 3600],
    ['default', {}, 30],
  ];
  for (const [name, options, seconds] of table) {
    await createBound(name);
    assert.equal((await remove(name, '', options)).body.metadata.deletionGracePeriodSeconds, seconds);
  }
});

test('an eviction deletes the pod as its options say', async () => {
  await createBound('evicted');
  const evict = (body: unknown) => server.call({ method: 'POST', path: `${PODS}/evicted/eviction`, body });
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } };
  for (const body of ['null', [], { ...eviction, deleteOptions: 'now' }, { ...eviction, kind: 'Pod' }]) {
    assert.match(refusalOf(await evict(body)), /^400 BadRequest/);
  }
  assert.match(
    refusalOf(await evict({ ...eviction, deleteOptions: { preconditions: { uid: 'x' } } })),
    /^409 Conflict/,
  );
  assert.equal((await evict({ ...eviction, deleteOptions: { dryRun: ['All'] } })).status, 201);
  assert.equal((await server.call({ path: `${PODS}/evicted` })).body.metadata.deletionTimestamp, undefined);
  const done = await evict({ ...eviction, deleteOptions: { gracePeriodSeconds: 5 } });
  assert.deepEqual([done.status, done.body.status], [201, 'Success']);
  assert.equal((await server.call({ path: `${PODS}/evicted` })).body.metadata.deletionGracePeriodSeconds, 5);
});

test('options of a log, and what is wrong with them', async () => {
  await create('talker', {
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i' },
    ],
    initContainers: [{ name: 'i', image: 'i' }],
  });
  const log = (query: string) => server.call({ path: `${PODS}/talker/log${query}` });
  const table: [string, RegExp][] = [
    ['', /^400 BadRequest: a container name must be specified for pod talker, choose one of: \[a b i\]/],
    ['?container=z', /^400 BadRequest: container z is not valid for pod talker/],
    ['?container=a&tailLines=-1', /^400 BadRequest: tailLines: Invalid value: "-1"/],
    ['?container=a&limitBytes=x', /^400 BadRequest: limitBytes: Invalid value: "x"/],
    ['?container=a&sinceSeconds=1e3', /^400 BadRequest: sinceSeconds: Invalid value: "1e3"/],
    [
      '?container=a&sinceTime=yesterday',
      /^400 BadRequest: sinceTime: Invalid value: "yesterday": must be an RFC 3339 time/,
    ],
  ];
  for (const [query, expected] of table) assert.match(refusalOf(await log(query)), expected);
  asked.length = 0;
  assert.equal(
    (await log('?container=i&follow=true&timestamps=1&tailLines=5&sinceTime=2026-01-01T00:00:00Z')).status,
    200,
  );
  const options = {
    container: 'i',
    follow: true,
    previous: false,
    timestamps: true,
    sinceMs: Date.UTC(2026, 0, 1),
    tailLines: 5,
  };
  assert.deepEqual(asked, [options]);
  assert.equal(
    refusalOf(await server.call({ path: `${PODS}/nobody/log` })),
    '404 NotFound: pods "nobody" not found',
  );
});

test('of a log no more is read than its reader takes', async () => {
  await create('chatty');
  const response = await server.server.handle({
    method: 'GET',
    path: `${PODS}/chatty/log`,
    query: new URLSearchParams(),
    headers: {},
    body: new Uint8Array(),
    user: API_SERVER_USER,
  });
  let bufferedBytes = 0;
  let ended = false;
  let drain = (): void => undefined;
  const closed = new AbortController();
  const sink: Sink = {
    write: (bytes) => {
      bufferedBytes += bytes.length;
    },
    get bufferedBytes() {
      return bufferedBytes;
    },
    drained: () => new Promise((resolve) => (drain = resolve)),
    end: () => {
      ended = true;
    },
    destroy: () => undefined,
    closed: closed.signal,
  };
  assert.ok(response.body.type === 'stream');
  response.body.start(sink);
  await server.settle();
  assert.ok(piecesRead <= 12, `${piecesRead} pieces were read for a reader that takes none`);
  while (!ended) {
    bufferedBytes = 0;
    drain();
    await server.settle();
  }
  assert.equal(piecesRead, 100);
});

test('streams into a pod are checked before they are opened', async () => {
  await create('open');
  const upgrade = (path: string, query: string, user = API_SERVER_USER) =>
    server.server.upgrade({
      method: 'GET',
      path,
      query: new URLSearchParams(query),
      headers: {},
      body: new Uint8Array(),
      user,
    });
  asked.length = 0;
  assert.equal(
    (await upgrade(`${PODS}/open/exec`, 'command=sh&command=-c&stdin=1&stdout=true&tty=false')).type,
    'url',
  );
  assert.equal((await upgrade(`${PODS}/open/portforward`, 'ports=80,81&ports=82')).type, 'url');
  assert.deepEqual(asked, [
    {
      type: 'exec',
      container: 'c',
      command: ['sh', '-c'],
      stdin: true,
      stdout: true,
      stderr: false,
      tty: false,
    },
    { type: 'portForward', ports: [80, 81, 82] },
  ]);
  const table: [string, string, number][] = [
    [`${PODS}/open/exec`, 'stdout=1', 400],
    [`${PODS}/open/exec`, 'command=sh&container=z', 400],
    [`${PODS}/open/portforward`, 'ports=0', 400],
    [`${PODS}/open/portforward`, 'ports=80,x', 400],
    [`${PODS}/nobody/exec`, 'command=sh', 404],
    [`${PODS}/open/log`, '', 400],
    [PODS, 'watch=1', 400],
    ['/metrics', '', 404],
  ];
  for (const [path, query, status] of table) {
    const answer = await upgrade(path, query);
    assert.equal(answer.type === 'refused' ? answer.response.status : 0, status, `${path}?${query}`);
  }
});

test('B24: to open a stream takes the permission to create it, whatever the method', async () => {
  const reader = { name: 'reader', groups: ['system:authenticated'] };
  const metadata = { name: 'reads' };
  const rules = [{ apiGroups: [''], resources: ['pods', 'pods/exec'], verbs: ['get', 'list'] }];
  await server.call({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    body: { metadata, rules },
  });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reads' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }];
  await server.call({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: { metadata, roleRef, subjects },
  });
  await server.settle();
  assert.equal((await server.call({ path: `${PODS}/open`, user: reader })).status, 200);
  const request = {
    method: 'GET',
    path: `${PODS}/open/exec`,
    query: new URLSearchParams('command=sh'),
    headers: {},
    body: new Uint8Array(),
  };
  const answer = await server.server.upgrade({ ...request, user: reader });
  assert.equal(answer.type === 'refused' ? answer.response.status : 0, 403);
});

test('where pods do not run, that is what is said', async () => {
  const hub = await startTestServer();
  const body = { metadata: { name: 'template' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await hub.call({ method: 'POST', path: PODS, body });
  assert.match(
    refusalOf(await hub.call({ path: `${PODS}/template/log` })),
    /^400 BadRequest: pods do not run here/,
  );
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
    assert.match(
      refusalOf(await hub.call({ method, path: `${PODS}/template/log`, body: {} })),
      /^405 MethodNotAllowed/,
    );
  }
  await hub.stop();
});

test('a container for debugging is added through its own subresource, and stays as it is', async () => {
  await create('debugged');
  const path = `${PODS}/debugged`;
  const container = { name: 'look', image: 'i', targetContainerName: 'c', stdin: true, tty: true };
  const patch = (ephemeralContainers: object[], spec: object = {}) =>
    server.call<Pick<Pod, 'spec'> & Partial<Status>>({
      method: 'PATCH',
      path: `${path}/ephemeralcontainers`,
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: { spec: { ephemeralContainers, ...spec } },
    });
  const added = await patch([container], { nodeName: 'elsewhere' });
  assert.equal(added.status, 200, added.text);
  assert.deepEqual(
    [added.body.spec.ephemeralContainers?.map(({ name }) => name), added.body.spec.nodeName],
    [['look'], undefined],
    'what else was sent is passed over',
  );
  assert.equal((await patch([{ name: 'second', image: 'i' }])).body.spec.ephemeralContainers?.length, 2);
  const refusals: [object, RegExp][] = [
    [{ name: 'look', image: 'other' }, /^422 .*spec\.ephemeralContainers: Forbidden: existing ephemeral/u],
    [{ name: 'c', image: 'i' }, /spec\.ephemeralContainers\[\d\]\.name: Duplicate value: "c"/u],
    [{ name: 'x', image: 'i', targetContainerName: 'none' }, /targetContainerName: Not found: "none"/u],
    [
      { name: 'x', image: 'i', ports: [{ containerPort: 1 }] },
      /\.ports: Forbidden: cannot be set for an Ephemeral Container/u,
    ],
    [{ name: 'x', image: 'i', livenessProbe: { exec: { command: ['a'] } } }, /livenessProbe: Forbidden/u],
    [{ name: 'x' }, /image: Required value/u],
  ];
  for (const [wrong, message] of refusals) assert.match(refusalOf(await patch([wrong])), message);
  const read = await server.call<Pod>({ path: `${path}/ephemeralcontainers` });
  assert.equal(read.body.spec.ephemeralContainers?.length, 2);
  const created = await server.call({
    method: 'POST',
    path: PODS,
    body: {
      metadata: { name: 'early' },
      spec: { containers: [{ name: 'c', image: 'i' }], ephemeralContainers: [{ name: 'e', image: 'i' }] },
    },
  });
  assert.match(refusalOf(created), /spec\.ephemeralContainers: Forbidden: cannot be set on create/u);
  const plain = await server.call({
    method: 'PATCH',
    path,
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: { spec: { ephemeralContainers: [{ name: 'third', image: 'i' }] } },
  });
  assert.equal(plain.status, 422);
});
