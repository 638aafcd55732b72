import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { createAuthority, issueKeyPair, type KeyPair } from '#pki/authority.ts';
import { AUTHORITY, SERVER } from '#system/tls.fixture.ts';
import { eventually } from './eventually.ts';
import type { Kubectl } from './kubectl.ts';
import { type Answer, patched, WebhookServer } from './webhook-server.ts';
import { freePort, World } from './world.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What each path of the webhook server does. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  '/allow': () => ({ allowed: true, warnings: ['mind the step'] }),
  '/deny': () => ({ allowed: false, status: { message: 'not on a Sunday', code: 403, reason: 'Forbidden' } }),
  '/deny-plainly': () => ({ allowed: false, status: { message: 'no' } }),
  '/slow': () => 'never',
  '/broken': () => ({ status: 500, text: 'out of order' }),
  '/stranger': () => ({ allowed: true, uid: 'another' }),
  '/count': ({ object }) =>
    patched({ op: 'add', path: '/data/seen', value: String(Object.keys(object?.data ?? {}).length) }),
  '/second': () => patched({ op: 'add', path: '/data/second', value: 'x' }),
  '/misfit': () => patched({ op: 'remove', path: '/data/none' }),
};

const RULES = [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];

/** Fields of a webhook. */
type Hook = Readonly<Record<string, unknown>>;

function configuration(kind: 'Validating' | 'Mutating', name: string, ...hooks: Hook[]): string {
  return JSON.stringify({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name, labels: { made: 'here' } },
    webhooks: hooks.map((hook) => ({
      name: 'check.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      rules: RULES,
      ...hook,
    })),
  });
}

/** A pod that ends TLS with its own certificate and hands on to the webhook server on this host. */
function relay({ host, port, keys }: { host: string; port: number; keys: KeyPair }): string {
  const config = `server {
  listen 8443 ssl;
  ssl_certificate /etc/relay/tls.crt;
  ssl_certificate_key /etc/relay/tls.key;
  location / { proxy_pass https://${host}:${port}; }
}`;
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'relay' },
      stringData: { 'tls.crt': keys.certificate, 'tls.key': keys.key, 'relay.conf': config },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'relay', labels: { app: 'relay' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'main',
            image: 'nginx:1.27',
            readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 },
            volumeMounts: [
              { name: 'relay', mountPath: '/etc/relay' },
              { name: 'relay', mountPath: '/etc/nginx/conf.d' },
            ],
          },
        ],
        volumes: [{ name: 'relay', secret: { secretName: 'relay' } }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'hook' },
      spec: { selector: { app: 'relay' }, ports: [{ port: 443, targetPort: 8443 }] },
    },
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

describe('real webhooks, as kubectl sees them', () => {
  let world: World;
  let webhooks: WebhookServer;

  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--sites', 'north');
    webhooks = await WebhookServer.start(SERVER, ANSWERS);
  });
  after(async () => {
    await webhooks[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  const at = (path: string, port = webhooks.port): Hook => ({
    clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: base64(AUTHORITY) },
  });

  for (const context of ['hub', 'north']) {
    describe(`at ${context}`, () => {
      let kubectl: Kubectl;
      let count = 0;
      before(() => {
        kubectl = world.kubectl(context);
      });
      afterEach(async () => {
        for (const kind of ['validating', 'mutating'])
          await kubectl.ok(`delete ${kind}webhookconfigurations -l made=here`);
        webhooks.asked.length = 0;
      });
      /** Creates a config map; its name is `m` and a number. */
      const create = async (
        flags = '',
      ): Promise<{ code: number; stdout: string; stderr: string; name: string }> => {
        count += 1;
        const name = `m${count}`;
        const outcome = await kubectl.try([`create configmap ${name} --from-literal=a=b${flags}`]);
        return { ...outcome, name };
      };
      const refusal = async (flags = ''): Promise<string> => {
        const { code, stderr } = await create(flags);
        assert.equal(code, 1, stderr);
        return stderr.trim();
      };

      it('a validating webhook lets pass with a warning, and refuses with its message', async () => {
        await kubectl.okWith(configuration('Validating', 'w', at('/allow')), 'apply -f -');
        const { stderr } = await create();
        assert.match(stderr, /^Warning: mind the step$/mu);
        await kubectl.okWith(configuration('Validating', 'w', at('/deny')), 'apply -f -');
        assert.equal(
          await refusal(),
          'error: failed to create configmap: admission webhook "check.example.com" denied the request: not on a Sunday',
        );
        await kubectl.okWith(configuration('Validating', 'w', at('/deny-plainly')), 'apply -f -');
        assert.equal(
          (await kubectl.fails(1, 'label configmap m1 a=b')).trim(),
          'Error from server: admission webhook "check.example.com" denied the request: no',
        );
      });

      it('an absent, slow, broken or mistaken webhook fails the request, or is passed over', async () => {
        const closed = await freePort();
        const failures: [Hook, RegExp][] = [
          [
            at('/allow', closed),
            new RegExp(
              `failed to call webhook: Post "https://127\\.0\\.0\\.1:${closed}/allow\\?timeout=1s": dial tcp 127\\.0\\.0\\.1:${closed}: connect: connection refused$`,
              'u',
            ),
          ],
          [
            at('/slow'),
            /failed to call webhook: Post "[^"]+\/slow\?timeout=1s": context deadline exceeded$/u,
          ],
          [
            at('/broken'),
            /failed to call webhook: an error on the server \("out of order"\) has prevented the request from succeeding$/u,
          ],
          [at('/none'), /failed to call webhook: the server could not find the requested resource$/u],
          [
            at('/stranger'),
            /received invalid webhook response: expected response\.uid="[-0-9a-f]+", got "another"$/u,
          ],
          [
            { clientConfig: { url: `https://127.0.0.1:${webhooks.port}/allow` } },
            /tls: failed to verify certificate: x509: certificate signed by unknown authority$/u,
          ],
        ];
        for (const [hook, why] of failures) {
          const fields = { ...hook, timeoutSeconds: 1 };
          await kubectl.okWith(configuration('Validating', 'w', fields), 'apply -f -');
          const said = await refusal();
          assert.match(
            said,
            /^error: failed to create configmap: Internal error occurred: failed calling webhook "check\.example\.com": /u,
          );
          assert.match(said, why);
          const ignored = { ...fields, failurePolicy: 'Ignore' };
          await kubectl.okWith(configuration('Validating', 'w', ignored), 'apply -f -');
          assert.equal((await create()).code, 0);
        }
      });

      it('mutating webhooks change what is written, and are asked again as they ask for', async () => {
        const again = { ...at('/count'), name: 'first.example.com', reinvocationPolicy: 'IfNeeded' };
        const second = { ...at('/second'), name: 'second.example.com' };
        await kubectl.okWith(configuration('Mutating', 'w', again, second), 'apply -f -');
        const { name } = await create();
        assert.equal(
          await kubectl.ok(`get configmap ${name} -o jsonpath={.data}`),
          '{"a":"b","second":"x","seen":"3"}',
        );
        assert.deepEqual(
          webhooks.asked.map(({ path }) => path),
          ['/count', '/second', '/count'],
        );
        await kubectl.okWith(
          configuration('Mutating', 'w', { ...at('/misfit'), failurePolicy: 'Ignore' }),
          'apply -f -',
        );
        assert.match(await refusal(), /Internal error occurred: /u);
      });

      it('asks about what its conditions and labels select, and of dry runs with that word', async () => {
        const selective = {
          ...at('/deny'),
          matchConditions: [{ name: 'named', expression: 'request.name.startsWith("watched")' }],
          namespaceSelector: { matchLabels: { strict: 'yes' } },
        };
        await kubectl.okWith(configuration('Validating', 'w', selective), 'apply -f -');
        const loose = `loose-${context}`;
        for (const [namespace, label] of [
          [loose, 'no'],
          [`strict-${context}`, 'yes'],
        ]) {
          await kubectl.ok(`create namespace ${namespace}`);
          await kubectl.ok(`label namespace ${namespace} strict=${label}`);
        }
        await kubectl.ok(`-n ${loose} create configmap watched`);
        await kubectl.ok(`-n strict-${context} create configmap other`);
        assert.match(
          await kubectl.fails(1, `-n strict-${context} create configmap watched`),
          /denied the request: not on a Sunday/u,
        );
        const failing = {
          ...at('/allow'),
          matchConditions: [{ name: 'x', expression: 'object.data.c == "d"' }],
        };
        await kubectl.okWith(configuration('Validating', 'w', failing), 'apply -f -');
        assert.match(
          await refusal(),
          /configmaps "m\d+" is forbidden: expression 'object\.data\.c == "d"' resulted in error: no such key: c$/u,
        );
        webhooks.asked.length = 0;
        await kubectl.okWith(
          configuration('Validating', 'w', { ...at('/allow'), sideEffects: 'NoneOnDryRun' }),
          'apply -f -',
        );
        const { name, code } = await create(' --dry-run=server');
        assert.equal(code, 0);
        assert.deepEqual(
          webhooks.asked.map(({ request }) => [request.operation, request.dryRun, request.name]),
          [['CREATE', true, name]],
        );
        assert.match(
          (
            await kubectl.try(['apply -f -'], {
              input: configuration('Validating', 'w', { ...at('/allow'), sideEffects: 'Some' }),
            })
          ).stderr,
          /webhooks\[0\]\.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"/u,
        );
      });
    });
  }

  it('a webhook behind a Service at a site is called in its pod, under its name', async () => {
    const kubectl = world.kubectl('north');
    const notBeforeMs = Date.now() - 3600_000;
    const validity = { notBeforeMs, notAfterMs: notBeforeMs + 24 * 3600_000 };
    const authority = await createAuthority({ commonName: 'webhooks', ...validity });
    const keys = await issueKeyPair(authority, {
      commonName: 'hook',
      dnsNames: ['hook.default.svc'],
      usage: 'server',
      ...validity,
    });
    const host = await kubectl.ok(
      'get nodes -o',
      'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
    );
    await kubectl.okWith(relay({ host, port: webhooks.port, keys }), 'apply -f -');
    await kubectl.ok('wait --for=condition=Ready pod/relay --timeout=60s');
    const service = (fields: object = {}): Hook => ({
      clientConfig: {
        service: { name: 'hook', namespace: 'default', path: '/deny', ...fields },
        caBundle: base64(authority.certificate),
      },
      timeoutSeconds: 5,
    });
    await kubectl.okWith(configuration('Validating', 'w', service()), 'apply -f -');
    const why = async (): Promise<string> =>
      (await kubectl.try(['create configmap by-service'])).stderr.trim();
    await eventually('the service leads to the pod', why, (said) =>
      said.endsWith('admission webhook "check.example.com" denied the request: not on a Sunday'),
    );
    await kubectl.okWith(configuration('Validating', 'w', service({ port: 444 })), 'apply -f -');
    assert.match(
      await why(),
      /Post "https:\/\/hook\.default\.svc:444\/deny\?timeout=5s": no service port 444 found for service "hook"$/u,
    );
    await kubectl.okWith(configuration('Validating', 'w', service({ name: 'none' })), 'apply -f -');
    assert.match(
      await why(),
      /Post "https:\/\/none\.default\.svc:443\/deny\?timeout=5s": service "none" not found$/u,
    );
    await kubectl.okWith(configuration('Validating', 'w', service()), 'apply -f -');
    await kubectl.ok('delete pod relay');
    await eventually('nobody is behind the service', why, (said) =>
      /dial tcp [\d.]+:443: connect: connection refused$/u.test(said),
    );
    await kubectl.ok('delete validatingwebhookconfigurations -l made=here');
  });
});
