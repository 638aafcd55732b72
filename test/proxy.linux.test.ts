import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { readKubeconfig } from '#cli/kubeconfig.ts';
import { eventually } from './eventually.ts';
import { type Kubectl, kubectlProgram } from './kubectl.ts';
import { freePort, World } from './world.ts';

/** Switches to a protocol in which everything said is said again. */
const ECHO = `while read -r line; do [ "$line" = "$(printf '\\r')" ] && break; done
printf 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n'
exec cat
`;

/** A web server that says what it was asked, with a second one that can be upgraded. */
const MANIFEST = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'web' },
      data: {
        'default.conf': `server {
  listen 80;
  absolute_redirect off;
  location / { default_type text/plain; return 200 "asked $request_method $request_uri of $hostname"; }
  location /old { return 302 /new; }
  location /large { root /usr/share; try_files /nginx/html/index.html =404; }
}`,
        echo: ECHO,
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'main',
            image: 'nginx:1.27',
            ports: [{ containerPort: 80 }],
            readinessProbe: { httpGet: { port: 80, path: '/' }, periodSeconds: 1 },
            volumeMounts: [{ name: 'web', mountPath: '/etc/nginx/conf.d' }],
          },
          {
            name: 'echo',
            image: 'busybox:1.36',
            command: ['nc', '-ll', '-p', '9000', '-e', 'sh', '/etc/echo/echo'],
            volumeMounts: [{ name: 'web', mountPath: '/etc/echo' }],
          },
        ],
        volumes: [{ name: 'web', configMap: { name: 'web' } }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 8000, targetPort: 80 }] },
    },
  ],
});

const SERVICES = '/api/v1/namespaces/default/services';
const PODS = '/api/v1/namespaces/default/pods';

describe('the subresource proxy, with real pods', () => {
  let world: World;
  let kubectl: Kubectl;
  const get = (path: string): Promise<string> => kubectl.ok('get --raw', path);

  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--sites', 'north');
    kubectl = world.kubectl('north');
    await kubectl.okWith(MANIFEST, 'apply -f -');
    await kubectl.ok('wait --for=condition=Ready pod/web --timeout=60s');
  });
  after(() => world[Symbol.asyncDispose]());

  it('kubectl get --raw reaches a service by its port, and a pod', async () => {
    await eventually(
      'the service has its endpoint',
      () => kubectl.try(['get --raw', `${SERVICES}/http:web:8000/proxy/`]),
      ({ code }) => code === 0,
    );
    assert.equal(await get(`${SERVICES}/http:web:8000/proxy/a/b?c=d`), 'asked GET /a/b?c=d of web');
    assert.equal(await get(`${SERVICES}/web:http/proxy/`), 'asked GET / of web');
    assert.equal(await get(`${PODS}/web/proxy/`), 'asked GET / of web');
    assert.equal(await get(`${PODS}/web:80/proxy/x%20y`), 'asked GET /x%20y of web');
    assert.match(await get(`${PODS}/web/proxy/large`), /nginx/iu);
  });

  it('what is away is said so', async () => {
    const fails = (path: string): Promise<string> => kubectl.fails(1, 'get --raw', path);
    assert.match(
      await fails(`${PODS}/web:81/proxy/`),
      /^Error from server \(ServiceUnavailable\): error trying to reach service: dial tcp [\d.]+:81: connect: connection refused$/mu,
    );
    assert.match(
      await fails(`${SERVICES}/web:9/proxy/`),
      /^Error from server \(ServiceUnavailable\): no service port 9 found for service "web"$/mu,
    );
    assert.match(await fails('/api/v1/nodes/north/proxy/healthz'), /serves no API of its own here/u);
    assert.match(
      (await world.kubectl('hub').try(['get --raw', `${PODS}/web/proxy/`])).stderr,
      /NotFound|pods do not run here/u,
    );
  });

  it('kubectl proxy leads a browser to it, redirections as well', async () => {
    const port = await freePort();
    using proxying = kubectl.start(`proxy --port=${port}`);
    await eventually(
      `${kubectlProgram()} proxy begins`,
      () => proxying.text,
      (text) => text.includes('Starting to serve'),
    );
    const base = `http://127.0.0.1:${port}${SERVICES}/web:8000/proxy`;
    assert.equal(
      await (await fetch(`${base}/deep?x=1`, { method: 'DELETE' })).text(),
      'asked DELETE /deep?x=1 of web',
    );
    const moved = await fetch(`${base}/old`, { redirect: 'manual' });
    assert.deepEqual(
      [moved.status, new URL(moved.headers.get('location') ?? '', base).pathname],
      [302, `${SERVICES}/web:8000/proxy/new`],
    );
    assert.equal(await (await fetch(`${base}`)).text(), 'asked GET / of web');
  });

  it('an upgraded connection passes, whatever is spoken on it', async () => {
    const found = readKubeconfig(await readFile(world.kubeconfig, 'utf8')).find(
      ({ name }) => name === 'north',
    );
    assert.ok(found !== undefined);
    const { hostname: host, port } = new URL(found.server);
    const asked = request({
      host,
      port,
      path: `${PODS}/web:9000/proxy/`,
      headers: { connection: 'Upgrade', upgrade: 'echo' },
      ca: found.authority,
      cert: found.certificate,
      key: found.key,
    });
    const said = await new Promise<string>((resolve, reject) => {
      asked.on('upgrade', (response, socket) => {
        socket.once('data', (bytes: Buffer) => {
          socket.destroy();
          resolve(`${response.statusCode} ${response.headers.upgrade} ${bytes.toString()}`);
        });
        socket.write('hello');
      });
      asked.on('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)));
      asked.on('error', reject);
      asked.end();
    });
    assert.equal(said, '101 echo hello');
  });
});
