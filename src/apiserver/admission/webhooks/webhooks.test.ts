import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import type { CallHttps, HttpsCall } from '#system/https-call.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const GROUP = '/apis/admissionregistration.k8s.io/v1';
const RULES = [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];

interface Review {
  readonly request: { readonly uid: string; readonly operation: string; readonly object: { data?: object } };
}
/** What a webhook answers: the fields of its response, or a promise that fails or never comes. */
type Answer = (review: Review, call: HttpsCall) => object | Promise<never>;

async function start(
  context: TestContext,
  answer: Answer,
): Promise<{ server: TestServer; calls: HttpsCall[] }> {
  const calls: HttpsCall[] = [];
  const callHttps: CallHttps = async (call) => {
    calls.push(call);
    const review = JSON.parse(Buffer.from(call.body).toString('utf8')) as Review;
    const response = { uid: review.request.uid, ...(await answer(review, call)) };
    const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
    return { status: 200, body: Buffer.from(JSON.stringify(body)) };
  };
  const server = await startTestServer({ callHttps });
  context.after(() => server.stop());
  return { server, calls };
}

async function configure(
  server: TestServer,
  kind: 'Validating' | 'Mutating',
  webhook: object = {},
  name = 'w',
) {
  const { status, text } = await server.call({
    method: 'POST',
    path: `${GROUP}/${kind.toLowerCase()}webhookconfigurations`,
    body: {
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { url: 'https://hook.example.com/check' },
          rules: RULES,
          ...webhook,
        },
      ],
    },
  });
  assert.equal(status, 201, text);
}

function create(server: TestServer, name: string, body: object = {}) {
  return server.call<{ data?: Record<string, string>; message?: string }>({
    method: 'POST',
    path: MAPS,
    body: { metadata: { name }, ...body },
  });
}

function patchOf(...operations: object[]): object {
  return {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  };
}

test('a denial is told as upstream tells it, with warnings', async (context) => {
  const { server, calls } = await start(context, () => ({
    allowed: false,
    status: { message: 'no maps today', code: 403, reason: 'Forbidden' },
    warnings: ['maps are going'],
  }));
  await configure(server, 'Validating');
  const answer = await create(server, 'a');
  assert.equal(
    refusalOf(answer as never),
    '403 Forbidden: admission webhook "w.example.com" denied the request: no maps today',
  );
  assert.equal(answer.headers.warning, '299 - "maps are going"');
  assert.deepEqual([calls[0]?.address, calls[0]?.path], ['hook.example.com:443', '/check?timeout=10s']);
});

test('a denial without a word is a bad request', async (context) => {
  const { server } = await start(context, () => ({ allowed: false }));
  await configure(server, 'Validating');
  assert.equal(
    refusalOf((await create(server, 'a')) as never),
    '400 : admission webhook "w.example.com" denied the request without explanation',
  );
});

test('a webhook is told who does what to which object', async (context) => {
  const reviews: Review[] = [];
  const { server } = await start(context, (review) => {
    reviews.push(review);
    return { allowed: true };
  });
  await configure(server, 'Validating');
  await create(server, 'a', { data: { x: '1' } });
  await server.call({ method: 'DELETE', path: `${MAPS}/a` });
  const [created, deleted] = reviews.map(({ request }) => request as unknown as Record<string, unknown>);
  const { uid: _, object, ...rest } = created ?? {};
  assert.deepEqual((object as { data: object }).data, { x: '1' });
  assert.deepEqual(rest, {
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
    requestResource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'a',
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'unknown' },
  });
  assert.deepEqual([deleted?.operation, deleted?.object], ['DELETE', null]);
});

test('webhooks change an object one after the other, and one that wants to is asked again', async (context) => {
  const asked: string[] = [];
  const { server } = await start(context, ({ request }, call) => {
    asked.push(call.path);
    const data = request.object.data as Record<string, string> | undefined;
    if (call.path.startsWith('/first'))
      return patchOf({
        op: 'add',
        path: '/data',
        value: { ...data, first: String(Object.keys(data ?? {}).length) },
      });
    return patchOf({ op: 'add', path: '/data/second', value: 'x' });
  });
  const at = (path: string) => ({ clientConfig: { url: `https://hook.example.com/${path}` } });
  await configure(server, 'Mutating', { ...at('first'), reinvocationPolicy: 'IfNeeded' }, 'a');
  await configure(server, 'Mutating', at('second'), 'b');
  const { body } = await create(server, 'm');
  assert.deepEqual(body.data, { first: '2', second: 'x' });
  assert.deepEqual(
    asked.map((path) => path.split('?')[0]),
    ['/first', '/second', '/first'],
  );
});

test('what a webhook makes of an object is checked as if a client had sent it', async (context) => {
  const { server } = await start(context, () =>
    patchOf({ op: 'add', path: '/data', value: { 'no/key': 'x' } }),
  );
  await configure(server, 'Mutating');
  assert.match(
    refusalOf((await create(server, 'm')) as never),
    /^422 Invalid: ConfigMap "m" is invalid: data/,
  );
});

test('B26: a webhook that is away, slow or talks nonsense counts by its failure policy', async (context) => {
  const never = new Promise<never>(() => undefined);
  const failures: [Answer, RegExp, boolean?][] = [
    [
      () => Promise.reject(new Error('connect ECONNREFUSED')),
      /Post "https:\/\/hook\.example\.com\/check\?timeout=1s": connect ECONNREFUSED$/,
    ],
    [
      (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
      /context deadline exceeded$/,
      true,
    ],
    [
      () => ({ uid: 'other' }),
      /received invalid webhook response: expected response\.uid="[^"]+", got "other"$/,
    ],
    [
      () => ({ allowed: true, patch: 'bm8=', patchType: 'JSONPatch' }),
      /"w\.example\.com": received undecodable patch in webhook response: /,
    ],
    [
      () => ({ allowed: true, patch: 'W10=' }),
      /received invalid webhook response: webhook returned response\.patch but not response\.patchType$/,
    ],
  ];
  assert.ok(never);
  for (const [answer, why, isSlow] of failures) {
    const { server } = await start(context, answer);
    await configure(server, 'Mutating', { timeoutSeconds: 1 });
    const refused = create(server, 'a');
    if (isSlow === true) await server.clock.advance(1100);
    const text = refusalOf((await refused) as never);
    assert.match(
      text,
      /^500 InternalError: Internal error occurred: failed calling webhook "w\.example\.com": /,
    );
    assert.match(text, why);
    const path = `${GROUP}/mutatingwebhookconfigurations/w`;
    assert.equal((await server.call({ method: 'DELETE', path })).status, 200, 'it can always be deleted');
    await configure(server, 'Mutating', { timeoutSeconds: 1, failurePolicy: 'Ignore' });
    const passed = create(server, 'a');
    if (isSlow === true) await server.clock.advance(1100);
    assert.equal((await passed).status, 201);
  }
});

test('rules, labels and conditions say what a webhook is asked of', async (context) => {
  const { server, calls } = await start(context, () => ({ allowed: true }));
  await configure(server, 'Validating', {
    objectSelector: { matchLabels: { asked: 'yes' } },
    namespaceSelector: { matchExpressions: [{ key: 'quiet', operator: 'DoesNotExist' }] },
    matchConditions: [{ name: 'not-eve', expression: 'request.userInfo.username != "eve"' }],
  });
  const labels = { asked: 'yes' };
  await create(server, 'a');
  await create(server, 'b', { metadata: { name: 'b', labels } });
  assert.equal(calls.length, 1);
  const eve = { name: 'eve', groups: ['system:masters'] };
  await server.call({ method: 'POST', path: MAPS, body: { metadata: { name: 'c', labels } }, user: eve });
  assert.equal(calls.length, 1);
  await server.call({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { metadata: { name: 'n', labels: { quiet: '' } } },
  });
  await server.call({
    method: 'POST',
    path: '/api/v1/namespaces/n/configmaps',
    body: { metadata: { name: 'd', labels } },
  });
  assert.equal(calls.length, 1);
  await server.call({
    method: 'POST',
    path: '/api/v1/namespaces/default/secrets',
    body: { metadata: { name: 's', labels } },
  });
  assert.equal(calls.length, 1);
});

test('a webhook behind a Service is dialled at its address, under its name', async (context) => {
  const { server, calls } = await start(context, () => ({ allowed: true }));
  const service = { name: 'hook', namespace: 'default', path: '/x', port: 8443 };
  await configure(server, 'Validating', {
    clientConfig: { service, caBundle: Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64') },
  });
  assert.match(
    refusalOf((await create(server, 'a')) as never),
    /failed to call webhook: Post "[^"]*": service "hook" not found$/,
  );
  await server.call({
    method: 'POST',
    path: '/api/v1/namespaces/default/services',
    body: { metadata: { name: 'hook' }, spec: { clusterIP: '10.0.0.9', ports: [{ port: 8443 }] } },
  });
  assert.equal((await create(server, 'a')).status, 201);
  assert.deepEqual(
    [calls[0]?.address, calls[0]?.serverName, calls[0]?.path],
    ['10.0.0.9:8443', 'hook.default.svc', '/x?timeout=10s'],
  );
});

test('a patch that does not fit is refused whatever the failure policy, and a validating webhook may send none', async (context) => {
  const { server } = await start(context, () => patchOf({ op: 'remove', path: '/data/none' }));
  await configure(server, 'Mutating', { failurePolicy: 'Ignore' });
  assert.match(
    refusalOf((await create(server, 'a')) as never),
    /^500 InternalError: Internal error occurred: /,
  );
  await server.call({ method: 'DELETE', path: `${GROUP}/mutatingwebhookconfigurations/w` });
  await configure(server, 'Validating');
  assert.match(
    refusalOf((await create(server, 'a')) as never),
    /"w\.example\.com": received invalid webhook response: validating webhook may not return response\.patch$/,
  );
});

test('a denial keeps the code, the reason and the details that the webhook gave', async (context) => {
  const details = { causes: [{ field: 'data', message: 'too plain', reason: 'FieldValueInvalid' }] };
  const { server } = await start(context, () => ({
    allowed: false,
    status: { message: 'no', code: 418, reason: 'Teapot', details },
  }));
  await configure(server, 'Validating');
  const answer = await create(server, 'a');
  assert.equal(
    refusalOf(answer as never),
    '418 Teapot: admission webhook "w.example.com" denied the request: no',
  );
  assert.deepEqual((answer.body as { details?: object }).details, details);
});

test('a condition that fails refuses the request, or passes the webhook over, by the failure policy', async (context) => {
  const { server, calls } = await start(context, () => ({ allowed: true }));
  const matchConditions = [{ name: 'broken', expression: 'object.data.none == "x"' }];
  await configure(server, 'Validating', { matchConditions });
  assert.match(
    refusalOf((await create(server, 'a')) as never),
    /^403 Forbidden: configmaps "a" is forbidden: expression 'object\.data\.none == "x"' resulted in error: no such key: /,
  );
  await server.call({ method: 'DELETE', path: `${GROUP}/validatingwebhookconfigurations/w` });
  await configure(server, 'Validating', { matchConditions, failurePolicy: 'Ignore' });
  assert.equal((await create(server, 'a')).status, 201);
  assert.equal(calls.length, 0);
});
