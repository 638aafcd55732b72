import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { joinTokenResource } from '#api/fleet/join-token.ts';
import { siteResource } from '#api/fleet/site.ts';
import type { KubeObject } from '#api/object.ts';
import type { Status } from '#api/status.ts';
import type { Route } from '#apiserver/api-server.ts';
import { refusalOf, startTestServer, type TestAnswer, type TestServer } from '#apiserver/test-server.ts';
import { readIdentity, type SiteIdentity, writeIdentity } from '#link/join.ts';
import { AUTHORITY_PATH, JOIN_PATH, type JoinAnswer, joinRoutes } from '#link/join-route.ts';
import { createAuthority, createSigningRequest } from '#pki/authority.ts';
import { joinSecretHash } from '#pki/join-token.ts';
import { timestamp } from '#system/clock.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const HOUR_MS = 3600_000;
const authority = await createAuthority({
  commonName: 'hub',
  notBeforeMs: 0,
  notAfterMs: Date.UTC(2100, 0, 1),
});
const { csr } = await createSigningRequest('whoever');

interface Bed {
  readonly server: TestServer;
  token(spec?: { site?: string; usesMax?: number; siteLabels?: Record<string, string> }): Promise<string>;
  join(body: unknown): Promise<TestAnswer<KubeObject & Partial<Status>>>;
  uses(): Promise<number[]>;
}

async function start(): Promise<Bed> {
  const routes: Route[] = [];
  const server = await startTestServer({ routes });
  const { client, clock } = server;
  routes.push(...joinRoutes({ client, authority, bundleKey: 'PUBLIC', clock, log: silentLog }));
  let tokens = 0;
  return {
    server,
    async token({ usesMax = 1, ...spec } = {}) {
      tokens += 1;
      const secret = `secret ${tokens}`;
      const expiresAt = timestamp(clock.now() + HOUR_MS);
      await client.create(joinTokenResource, {
        apiVersion: 'fleet.skerry.io/v1alpha1',
        kind: 'JoinToken',
        metadata: { name: `t${tokens}` },
        spec: { expiresAt, usesMax, tokenHash: joinSecretHash(secret), ...spec },
      });
      return secret;
    },
    join: (body) => server.call({ method: 'POST', path: JOIN_PATH, body, user: undefined }),
    uses: async () => (await client.list(joinTokenResource)).items.map(({ status }) => status?.uses ?? 0),
  };
}

test('a host with a token becomes a site: it gets a certificate in that name, and the labels of the token', async () => {
  const { server, token, join, uses } = await start();
  const secret = await token({ siteLabels: { tier: 'edge' } });
  const answer = await join({ secret, site: 'north', csr });
  assert.equal(answer.status, 200, answer.text);
  const { certificate, authority: trusted, bundleKey } = answer.body as unknown as JoinAnswer;
  assert.deepEqual([trusted, bundleKey], [authority.certificate, 'PUBLIC']);
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.subject, 'CN=skerry:site:north\nO=skerry:sites');
  assert.ok(parsed.verify(new X509Certificate(authority.certificate).publicKey));
  const site = await server.client.get(siteResource, { name: 'north' });
  assert.deepEqual([site.metadata.labels, await uses()], [{ tier: 'edge' }, [1]]);
  const { status, body } = await server.call<{ authority: string }>({
    path: AUTHORITY_PATH,
    user: undefined,
  });
  assert.deepEqual([status, body.authority], [200, authority.certificate]);
  await server.stop();
});

test('who has no token that is good for it is not let in, and nothing is made', async () => {
  const { server, token, join, uses } = await start();
  const secret = await token({ site: 'north' });
  const table: [unknown, RegExp][] = [
    [
      { secret: 'guess', site: 'north', csr },
      /^401 Unauthorized: the join token is unknown, expired or used up/,
    ],
    [{ secret: '', site: 'north', csr }, /^401/],
    [{ secret, site: 'south', csr }, /^403 Forbidden: this join token is for site "north", not for "south"/],
    [{ secret, site: 'north', csr: 'garbage' }, /^400 BadRequest: csr: /],
    [{ secret, site: 'north', csr: 'x'.repeat(20_000) }, /^400 BadRequest: csr: it has 20000 characters/],
    [{ secret, site: 'North', csr }, /^400 BadRequest: site: "North" is no name for a site/],
    [{ secret, site: '../hub', csr }, /^400 BadRequest: site/],
    [{ secret, site: 5, csr }, /^400 BadRequest: site/],
    [{ secret: 5, site: 'north', csr }, /^400 BadRequest: secret and csr are wanted/],
    ['null', /^400 BadRequest: secret and csr are wanted/],
    ['[]', /^400 BadRequest/],
    ['{', /^400 BadRequest/],
  ];
  for (const [body, expected] of table)
    assert.match(refusalOf(await join(body)), expected, JSON.stringify(body).slice(0, 80));
  assert.match(refusalOf(await server.call({ path: JOIN_PATH, user: undefined })), /^405 MethodNotAllowed/);
  assert.deepEqual([(await server.client.list(siteResource)).items, await uses()], [[], [0]]);
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

test('a token is good until its time, and as often as it says', async () => {
  const { server, token, join } = await start();
  const once = await token();
  assert.equal((await join({ secret: once, site: 'a', csr })).status, 200);
  assert.match(refusalOf(await join({ secret: once, site: 'b', csr })), /^401 Unauthorized/);
  const late = await token({ usesMax: 100 });
  await server.clock.advance(HOUR_MS - 1000);
  assert.equal((await join({ secret: late, site: 'c', csr })).status, 200);
  await server.clock.advance(1000);
  assert.match(refusalOf(await join({ secret: late, site: 'd', csr })), /^401 Unauthorized/);
  await server.stop();
});

test('of many hosts at once, no more get in than the token lets in', async () => {
  const { server, token, join, uses } = await start();
  const secret = await token({ usesMax: 3 });
  const answers = await Promise.all(
    Array.from({ length: 9 }, (_, n) => join({ secret, site: `s${n}`, csr })),
  );
  const statuses = answers.map(({ status }) => status).toSorted();
  assert.deepEqual(statuses, [200, 200, 200, 401, 401, 401, 401, 401, 401]);
  assert.deepEqual([await uses(), (await server.client.list(siteResource)).items.length], [[3], 3]);
  await server.stop();
});

test('no host takes the place of a site, unless the token is for that very site', async () => {
  const { server, token, join, uses } = await start();
  const open = await token({ usesMax: 10 });
  assert.equal((await join({ secret: open, site: 'north', csr })).status, 200);
  assert.match(
    refusalOf(await join({ secret: open, site: 'north', csr })),
    /^409 Conflict: site "north" exists already: choose another name, or make a token/,
  );
  assert.deepEqual(await uses(), [1]);
  assert.equal((await join({ secret: await token({ site: 'north' }), site: 'north', csr })).status, 200);
  const both = await Promise.all([
    join({ secret: open, site: 'twin', csr }),
    join({ secret: open, site: 'twin', csr }),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409]);
  await server.stop();
});

test('an identity is written for its owner alone, and only a whole one is read', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  const identity: SiteIdentity = {
    site: 'north',
    hub: 'hub:443',
    authority: 'A',
    certificate: 'C',
    key: 'K',
    bundleKeys: ['B'],
  };
  assert.equal(await readIdentity(disk, '/site'), undefined);
  await writeIdentity(disk, '/site', identity);
  assert.deepEqual(await readIdentity(disk, '/site'), identity);
  for (const name of await disk.list('/site'))
    assert.equal((await disk.stat(`/site/${name}`))?.mode, 0o600, name);
  assert.equal((await disk.stat('/site'))?.mode, 0o700);
  for (const name of ['site.key', 'identity.json']) {
    const half = disk.crash();
    await half.remove(`/site/${name}`);
    assert.equal(await readIdentity(half, '/site'), undefined, name);
  }
});
