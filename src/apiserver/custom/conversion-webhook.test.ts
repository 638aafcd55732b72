import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { define, widgetDefinition, widgetVersion } from '#apiserver/custom/test-definitions.fixture.ts';
import { utf8 } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { type HttpsServer, serveHttps } from '#system/https-server.ts';
import { AUTHORITY, SERVER } from '#system/tls.fixture.ts';

type Widget = KubeObject & { spec: Record<string, unknown> };

interface Review {
  readonly apiVersion: string;
  readonly request: { uid: string; desiredAPIVersion: string; objects: Widget[] };
}

/** How the webhook answers; each test sets its own. */
let convert: (review: Review) => object;
let webhook: HttpsServer;
before(async () => {
  webhook = await serveHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
    bodyBytesMax: 1024 * 1024,
    handle: async ({ body }) => {
      const review = JSON.parse(Buffer.from(body).toString()) as Review;
      const response = { uid: review.request.uid, result: { status: 'Success' }, ...convert(review) };
      const answer = { apiVersion: review.apiVersion, kind: 'ConversionReview', response };
      const bytes = { type: 'bytes' as const, chunks: [utf8(JSON.stringify(answer))] };
      return { status: 200, headers: { 'content-type': 'application/json' }, body: bytes };
    },
    upgrade: (_request, socket) => socket.destroy(),
  });
});
after(() => webhook[Symbol.asyncDispose]());

/** `v1` has `hostPort`, `v2` has `host` and `port`. */
function split({ request }: Review): object {
  const convertedObjects = request.objects.map((object) => {
    const { hostPort, host, port } = object.spec;
    const [first, second] = String(hostPort).split(':');
    const spec = hostPort === undefined ? { hostPort: `${host}:${port}` } : { host: first, port: second };
    return { ...object, apiVersion: request.desiredAPIVersion, spec };
  });
  return { convertedObjects };
}

const TEXT = { type: 'string' };
const PATHS = ['v1', 'v2'].map((version) => `/apis/shop.example.com/${version}/namespaces/default/widgets`);
const [FIRST = '', SECOND = ''] = PATHS;

async function startWithWebhook(): Promise<TestServer> {
  const server = await startTestServer();
  const spec = (names: string[]): Parameters<typeof widgetVersion>[0] => ({
    spec: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, TEXT])) },
  });
  const url = `https://127.0.0.1:${webhook.port}/convert`;
  const clientConfig = { url, caBundle: Buffer.from(AUTHORITY).toString('base64') };
  await define(
    server,
    widgetDefinition(
      [
        widgetVersion(spec(['hostPort'])),
        widgetVersion(spec(['host', 'port']), { name: 'v2', storage: false }),
      ],
      { conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } } },
    ),
  );
  return server;
}

function widget(version: string, name: string, spec: object): object {
  return { apiVersion: `shop.example.com/${version}`, kind: 'Widget', metadata: { name }, spec };
}

test('a webhook converts what is written and what is read', async () => {
  convert = split;
  const server = await startWithWebhook();
  await server.call({ method: 'POST', path: FIRST, body: widget('v1', 'a', { hostPort: 'here:1' }) });
  const made = await server.call<Widget>({
    method: 'POST',
    path: SECOND,
    body: widget('v2', 'b', { host: 'there', port: '2' }),
  });
  assert.deepEqual(made.body.spec, { host: 'there', port: '2' });
  const lists = await Promise.all(PATHS.map((path) => server.call<{ items: Widget[] }>({ path })));
  assert.deepEqual(
    lists.map(({ body }) => body.items.map(({ apiVersion, spec }) => [apiVersion.slice(-2), spec])),
    [
      [
        ['v1', { hostPort: 'here:1' }],
        ['v1', { hostPort: 'there:2' }],
      ],
      [
        ['v2', { host: 'here', port: '1' }],
        ['v2', { host: 'there', port: '2' }],
      ],
    ],
  );
  await server.stop();
});

const FAILURES: readonly [what: string, answer: (review: Review) => object, expected: RegExp][] = [
  [
    'it says so',
    () => ({ result: { status: 'Failure', message: 'not today' } }),
    /^500 InternalError: conversion webhook for shop\.example\.com\/v2, Kind=Widget failed: not today$/,
  ],
  [
    'it speaks of another request',
    (review) => ({ ...split(review), uid: 'x' }),
    /expected response\.uid=".+", got "x"$/,
  ],
  ['an object is missing', () => ({ convertedObjects: [] }), /returned 0 objects, expected 1$/],
  [
    'it leaves the version as it was',
    ({ request }) => ({ convertedObjects: request.objects }),
    /invalid groupVersion \(expected shop\.example\.com\/v2, received shop\.example\.com\/v1\)$/,
  ],
  [
    'it makes another object of it',
    ({ request }) => ({
      convertedObjects: request.objects.map((object) => ({
        ...object,
        apiVersion: request.desiredAPIVersion,
        metadata: { ...object.metadata, name: 'other' },
      })),
    }),
    /metadata\.name changed from a to other$/,
  ],
];

for (const [what, answer, expected] of FAILURES) {
  test(`a request fails where its webhook does: ${what}`, async () => {
    const server = await startWithWebhook();
    await server.call({ method: 'POST', path: FIRST, body: widget('v1', 'a', { hostPort: 'here:1' }) });
    convert = answer;
    assert.match(refusalOf(await server.call({ path: `${SECOND}/a` })), expected);
    assert.equal((await server.call({ path: `${FIRST}/a` })).status, 200);
    await server.stop();
  });
}

test('of the metadata, a webhook changes no more than labels and annotations', async () => {
  const server = await startWithWebhook();
  await server.call({ method: 'POST', path: FIRST, body: widget('v1', 'a', { hostPort: 'here:1' }) });
  convert = ({ request }) => ({
    convertedObjects: request.objects.map((object) => ({
      ...object,
      apiVersion: request.desiredAPIVersion,
      metadata: { ...object.metadata, labels: { a: 'b' }, finalizers: ['example.com/x'], generation: 9 },
      spec: {},
    })),
  });
  const { body } = await server.call<Widget>({ path: `${SECOND}/a` });
  const { labels, finalizers, generation } = body.metadata;
  assert.deepEqual([labels, finalizers, generation], [{ a: 'b' }, undefined, 1]);
  await server.stop();
});
