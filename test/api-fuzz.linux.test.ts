import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serveApi } from '#apiserver/serve.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { httpsClient } from '#system/https-client.ts';
import type { HttpsServer } from '#system/https-server.ts';
import { SimulatedClock } from '#system/simulated-time.ts';
import { AUTHORITY, CLIENT, SERVER } from '#system/tls.fixture.ts';
import { pick, seeded } from './fuzz/chance.ts';
import {
  type FuzzRequest,
  type OpenApiDocument,
  type Route,
  requestOf,
  routesOf,
} from './fuzz/generate-request.ts';

/** The dice: `SKERRY_FUZZ_SEED=1 SKERRY_FUZZ_REQUESTS=5000 node --test test/api-fuzz.linux.test.ts` throws them again. */
const SEED = Number(process.env['SKERRY_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const REQUESTS = Number(process.env['SKERRY_FUZZ_REQUESTS'] ?? 100_000);

/** Of each hundred requests so many go over real HTTPS, the others straight into the server. */
const HTTPS_PERCENT = 3;

/** No request may keep the process busy for longer, in milliseconds of its own processor time. */
const STALL_MS_MAX = 100;

/** Everything is deleted and measured after so many requests. */
const ROUND = 10_000;

/** The heap may be larger at the end than after the second round by so much, in bytes. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;

const PATHS = [
  '/',
  '/api',
  '/apis',
  '/version',
  '/healthz',
  '/readyz?verbose',
  '/livez/none',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/apis/apps',
  '/none',
];

describe(`the API under ${REQUESTS} random requests of seed ${SEED}`, () => {
  let server: TestServer;
  let https: HttpsServer;
  let routes: Route[];
  const statuses = new Map<number, number>();

  before(async () => {
    server = await startTestServer({ clock: new SimulatedClock(undefined, measuredTurn) });
    const client = { name: 'tester', groups: ['red', 'blue', 'system:authenticated'] };
    await allow(server, client.name);
    https = await serveApi({
      server: server.server,
      host: '127.0.0.1',
      port: 0,
      tls: { ...SERVER, clientAuthority: AUTHORITY },
    });
    const { body } = await server.call<{ paths: Record<string, object> }>({ path: '/openapi/v3' });
    const documents = await Promise.all(
      Object.keys(body.paths).map((path) => server.call<OpenApiDocument>({ path: `/openapi/v3/${path}` })),
    );
    routes = documents.flatMap((document) => routesOf(document.body));
    assert.ok(routes.length > 500, `only ${routes.length} routes`);
  });
  after(async () => {
    await https[Symbol.asyncDispose]();
    await server.stop();
  });

  it('answers each with less than 500, soon, unharmed and without growing', async () => {
    using client = httpsClient(`127.0.0.1:${https.port}`, { authority: AUTHORITY, ...CLIENT });
    const prototypes = prototypesNow();
    const heaps: number[] = [];
    let slowest = { ms: 0, what: '' };
    for (let index = 0; index < REQUESTS; index += 1) {
      const random = seeded(SEED * 1_000_003 + index);
      const request = random() < 0.01 ? plain(pick(random, PATHS)) : requestOf(pick(random, routes), random);
      const what = `request ${index} of seed ${SEED}: ${request.method} ${request.path.slice(0, 500)} ${JSON.stringify(request.headers)} ${Buffer.from(request.body).toString('latin1').slice(0, 2000)}`;
      const overHttps = index % 100 < HTTPS_PERCENT && request.method !== 'CONNECT';
      const started = process.threadCpuUsage();
      turns.longestMs = 0;
      const answering = overHttps ? overTls(client, request) : direct(server, request);
      const isInTurns = request.path.startsWith(SWAGGER_PATH);
      const { status, reason } = isInTurns ? await whileTimePasses(server, answering) : await answering;
      const ms = isInTurns ? turns.longestMs : cpuMsSince(started);
      if (ms > slowest.ms) slowest = { ms, what };
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // As in Kubernetes, a resourceVersion of the future is 504 Timeout.
      assert.ok(status < 500 || (status === 504 && reason === 'Timeout'), `${status} ${reason}: ${what}`);
      if (index % 500 === 0) {
        assert.deepEqual(prototypesNow(), prototypes, what);
        await server.settle();
      }
      if (index % ROUND === ROUND - 1) heaps.push(await emptied(server));
    }
    console.log(
      `# answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort(([a], [b]) => a - b)))}`,
    );
    console.log(`# slowest: ${slowest.ms.toFixed(1)} ms of processor time: ${slowest.what.slice(0, 300)}`);
    console.log(
      `# heap after each ${ROUND} requests, in MiB: ${heaps.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(' ')}`,
    );
    assert.deepEqual(server.complaints, []);
    assert.ok(slowest.ms < STALL_MS_MAX, `${slowest.ms} ms: ${slowest.what}`);
    const [, second = 0] = heaps;
    const last = heaps.at(-1) ?? 0;
    assert.ok(
      heaps.length < 3 || last - second < GROWTH_BYTES_MAX,
      `the heap grew by ${last - second} bytes`,
    );
    for (const status of [200, 201, 400, 404, 409, 415, 422])
      assert.ok(REQUESTS < 10_000 || statuses.has(status), `no request was answered with ${status}`);
  });
});

/** The one document that is made in several turns, between which time has to pass. */
const SWAGGER_PATH = '/openapi/v2';

/** What the longest turn of the event loop took since it was set to 0, in milliseconds of processor time. */
const turns = { longestMs: 0 };

/** Lets a turn of the event loop pass. */
async function measuredTurn(): Promise<void> {
  const started = process.threadCpuUsage();
  await new Promise((resolve) => setImmediate(resolve));
  turns.longestMs = Math.max(turns.longestMs, cpuMsSince(started));
}

function cpuMsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1000;
}

async function whileTimePasses<T>(server: TestServer, answering: Promise<T>): Promise<T> {
  let isThere = false;
  const noted = answering.finally(() => {
    isThere = true;
  });
  while (!isThere) await server.settle();
  return noted;
}

function plain(path: string): FuzzRequest {
  return { method: 'GET', path, headers: { accept: '*/*' }, body: new Uint8Array() };
}

/** Straight into the server, as a person who may do everything. Streams are closed at once. */
async function direct(server: TestServer, request: FuzzRequest): Promise<{ status: number; reason: string }> {
  const mark = request.path.indexOf('?');
  const response = await server.server.handle({
    method: request.method,
    path: mark < 0 ? request.path : request.path.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : request.path.slice(mark + 1)),
    headers: request.headers,
    body: request.body,
    user: { name: 'fuzz', groups: ['system:masters', 'system:authenticated'] },
  });
  if (response.body.type === 'stream') {
    const gone = new AbortController();
    gone.abort();
    response.body.start({
      write: () => undefined,
      bufferedBytes: 0,
      drained: () => Promise.resolve(),
      end: () => undefined,
      destroy: () => undefined,
      closed: gone.signal,
    });
    return { status: response.status, reason: '' };
  }
  return {
    status: response.status,
    reason: reasonOf(response.status, Buffer.concat([...response.body.chunks])),
  };
}

async function overTls(
  client: ReturnType<typeof httpsClient>,
  { method, path, headers, body }: FuzzRequest,
): Promise<{ status: number; reason: string }> {
  const stop = new AbortController();
  const answer = await client.request({ method, path, headers, body, signal: stop.signal });
  if (path.includes('watch=') || path.includes('follow=')) {
    stop.abort();
    return { status: answer.status, reason: '' };
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return { status: answer.status, reason: reasonOf(answer.status, Buffer.concat(chunks)) };
}

/** Every refusal is a Status whose code is the answer's. */
function reasonOf(status: number, body: Buffer): string {
  if (status < 400) return '';
  const text = body.toString('utf8');
  if (!text.startsWith('{')) return text;
  const { kind, code, reason } = JSON.parse(text) as { kind: string; code: number; reason?: string };
  assert.deepEqual([kind, code], ['Status', status]);
  return reason ?? '';
}

/** What a prototype of this process could have gained. */
function prototypesNow(): unknown {
  const names = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype].map(
    (prototype) => Reflect.ownKeys(prototype).map(String),
  );
  return [names, ({} as { polluted?: unknown }).polluted];
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The heap once everything is deleted and forgotten, in bytes. */
async function emptied(server: TestServer): Promise<number> {
  const { store } = server;
  const { entries } = await store.list('/registry/');
  for (const { key } of entries)
    if (!key.startsWith('/registry/core/namespaces/') && !key.startsWith('/registry/rbac'))
      await store.commit([{ type: 'delete', key }]);
  await server.settle();
  await store.compact(store.revision);
  await server.clock.advance(60_000);
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function allow(server: TestServer, name: string): Promise<void> {
  const root = '/apis/rbac.authorization.k8s.io/v1';
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ];
  const apiGroup = 'rbac.authorization.k8s.io';
  const binding = {
    metadata: { name: 'fuzz-everything' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'fuzz-everything' },
    subjects: [{ apiGroup, kind: 'User', name }],
  };
  const role = { metadata: { name: 'fuzz-everything' }, rules };
  await server.call({ method: 'POST', path: `${root}/clusterroles`, body: role });
  await server.call({ method: 'POST', path: `${root}/clusterrolebindings`, body: binding });
  await server.settle();
}
