import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinTokenResource } from '#api/fleet/join-token.ts';
import { startTestServer } from '#apiserver/test-server.ts';
import { applyManifest, readManifests } from '#cli/apply-manifests.ts';
import { readContext } from '#cli/connect.ts';
import { kubeconfigOf, readKubeconfig } from '#cli/kubeconfig.ts';
import { CommandError, formatTable, type Screen } from '#cli/screen.ts';
import { printFleet, printWhatRuns } from '#cli/status.ts';
import { createToken } from '#cli/token.ts';
import { createAuthority } from '#pki/authority.ts';
import { certificateHash, decodeJoinTicket, joinSecretHash } from '#pki/join-token.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

function collect(): { screen: Screen; lines: string[] } {
  const lines: string[] = [];
  return { lines, screen: { print: (line) => void lines.push(line), say: () => undefined } };
}

const FLEET = '/apis/fleet.skerry.io/v1alpha1';
const merge = { 'content-type': 'application/merge-patch+json' };

test('a table is aligned, and steers no terminal', () => {
  assert.deepEqual(
    formatTable([
      ['NAME', 'AGE'],
      ['long-name', '5m'],
      ['', ''],
    ]),
    ['NAME        AGE', 'long-name   5m', ''],
  );
  assert.deepEqual(formatTable([['a\u001b[31mred\r', 'b\u202e']]), ['a�[31mred�   b�']);
  assert.deepEqual(formatTable([]), []);
});

test('status shows sites and applications as the hub sees them', async () => {
  const server = await startTestServer();
  const { client, clock } = server;
  for (const name of ['north', 'south']) {
    await server.call({
      method: 'POST',
      path: `${FLEET}/sites`,
      body: { metadata: { name }, spec: { blocked: name === 'south' } },
    });
  }
  const status = {
    connectivity: {
      state: 'Connected',
      since: '2026-01-01T00:00:00Z',
      lastContactTime: '2026-01-01T00:00:00Z',
    },
    versions: { skerry: '0.1.0' },
    applications: { wanted: 2, running: 1 },
  };
  await server.call({
    method: 'PATCH',
    path: `${FLEET}/sites/north/status`,
    headers: merge,
    body: { status },
  });
  const spec = {
    source: { inline: { manifests: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }] } },
    placement: { sites: ['north'] },
  };
  await server.call({
    method: 'POST',
    path: `${FLEET}/namespaces/default/applications`,
    body: { metadata: { name: 'web' }, spec },
  });
  await server.call({
    method: 'PATCH',
    path: `${FLEET}/namespaces/default/applications/web/status`,
    headers: merge,
    body: { status: { sites: { wanted: 2, running: 1, updating: 0, failed: 0, offline: 1 } } },
  });
  await clock.advance(5 * 60_000);
  const { screen, lines } = collect();
  await printFleet(client, { clock, screen });
  assert.deepEqual(lines, [
    'SITE    STATUS                    LAST-CONTACT   APPS     VERSION   AGE',
    'north   Connected                 5m             1/2      0.1.0     5m',
    'south   Never connected,Blocked   <none>         <none>   <none>    5m',
    '',
    'APPLICATION   SITES   RUNNING   OFFLINE',
    'default/web   2       1         1',
  ]);
  await server.stop();
});

test('what runs shows every pod of every site, as kubectl would', async () => {
  const server = await startTestServer();
  const { client, clock } = server;
  const pods = '/api/v1/namespaces/default/pods';
  await server.call({
    method: 'POST',
    path: pods,
    body: { metadata: { name: 'web-1' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  });
  const ready = {
    name: 'c',
    image: 'i',
    imageID: 'x',
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  };
  await server.call({
    method: 'PATCH',
    path: `${pods}/web-1/status`,
    headers: merge,
    body: { status: { phase: 'Running', podIP: '10.60.0.9', containerStatuses: [ready] } },
  });
  await clock.advance(90_000);
  const { screen, lines } = collect();
  await printWhatRuns(
    [
      { name: 'north', client },
      { name: 'south', client },
    ],
    { clock, screen },
  );
  assert.deepEqual(lines, [
    'SITE    NAMESPACE   POD     READY   STATUS    IP          AGE',
    'north   default     web-1   1/1     Running   10.60.0.9   90s',
    'south   default     web-1   1/1     Running   10.60.0.9   90s',
  ]);
  await server.stop();
});

test('a kubeconfig reads back as it was written, and its contexts are found by name', async () => {
  const context = (name: string) => ({
    name,
    server: `https://${name}:6443`,
    authority: 'A\n',
    certificate: 'C\n',
    key: 'K\n',
  });
  const contexts = [context('hub'), context('north')];
  const text = kubeconfigOf(contexts);
  assert.deepEqual(readKubeconfig(text), contexts);
  assert.equal((JSON.parse(text) as { 'current-context': string })['current-context'], 'hub');
  const disk = new SimulatedDisk(new SimulatedClock());
  await assert.rejects(
    readContext(disk, '/k'),
    (error: Error) => error instanceof CommandError && /there is no \/k: is Skerry up\?/.test(error.message),
  );
  await disk.write('/k', text);
  assert.deepEqual(
    [(await readContext(disk, '/k')).name, (await readContext(disk, '/k', 'north')).name],
    ['hub', 'north'],
  );
  await assert.rejects(readContext(disk, '/k', 'east'), /\/k has no context "east"; it has hub, north/);
});

test('a token is made so that a host can join with it, and the hub knows only its hash', async () => {
  const server = await startTestServer();
  const { client, clock } = server;
  const { certificate } = await createAuthority({ commonName: 'hub', notBeforeMs: 0, notAfterMs: 1e12 });
  const options = {
    site: 'north',
    labels: { tier: 'edge' },
    lifetimeMs: 3600_000,
    usesMax: 2,
    hub: 'hub:6443',
    authority: certificate,
  };
  const ticket = decodeJoinTicket(await createToken(client, options, { clock, random: seededRandom(9) }));
  assert.deepEqual([ticket.hub, ticket.authorityHash], ['hub:6443', certificateHash(certificate)]);
  const [token] = (await client.list(joinTokenResource)).items;
  assert.deepEqual(token?.spec, {
    site: 'north',
    expiresAt: '2026-01-01T01:00:00Z',
    usesMax: 2,
    siteLabels: { tier: 'edge' },
    tokenHash: joinSecretHash(ticket.secret),
  });
  await server.stop();
});

test('manifests of a folder are read in order, and applied whether or not they are there', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  await disk.write(
    '/m/2.yaml',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: kube-system}\n',
  );
  await disk.write('/m/1.yml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n');
  await disk.write('/m/README.md', 'not a manifest');
  const manifests = await readManifests(disk, '/m');
  assert.deepEqual(
    manifests.map(({ metadata }) => metadata.name),
    ['a', 'b', 'c'],
  );
  const server = await startTestServer();
  for (let round = 0; round < 2; round++)
    for (const manifest of manifests) await applyManifest(server.client, manifest);
  assert.equal(
    (await server.call<{ data: object }>({ path: '/api/v1/namespaces/default/configmaps/a' })).text.includes(
      '"k":"v"',
    ),
    true,
  );
  assert.equal((await server.call({ path: '/api/v1/namespaces/kube-system/configmaps/c' })).status, 200);
  await assert.rejects(
    applyManifest(server.client, { apiVersion: 'v1', kind: 'Song', metadata: { name: 'x' } } as never),
    /no kind v1 Song is known/,
  );
  await disk.write('/m/3.yaml', 'a: [');
  await assert.rejects(
    readManifests(disk, '/m'),
    (error: Error) => error instanceof CommandError && error.message.startsWith('3.yaml: '),
  );
  await assert.rejects(readManifests(disk, '/none'), /\/none has no manifests/);
  await server.stop();
});
