import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  AUTHORITY_LIFETIME_MS,
  CERTIFICATE_LIFETIME_MS,
  ensureAuthority,
  ensureKeyPair,
  RENEW_BEFORE_MS,
} from '#pki/credentials.ts';
import type { Disk } from '#system/disk.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const START_MS = Date.UTC(2026, 0, 1);
const FOLDER = '/data/pki';

function makeDisk(): SimulatedDisk {
  return new SimulatedDisk(new SimulatedClock());
}

async function ensurePair(disk: Disk, { nowMs = START_MS, dnsNames = ['hub'] } = {}) {
  const authority = await ensureAuthority(disk, { folder: FOLDER, commonName: 'hub', nowMs });
  const request = { commonName: 'server', usage: 'server', dnsNames } as const;
  return {
    authority,
    pair: await ensureKeyPair(disk, { folder: FOLDER, name: 'server', authority, nowMs, request }),
  };
}

test('credentials are made once, kept for their owner alone, and found again', async () => {
  const disk = makeDisk();
  const first = await ensurePair(disk);
  const again = await ensurePair(disk);
  assert.deepEqual(
    [again.authority.certificate, again.pair.certificate, again.pair.key],
    [first.authority.certificate, first.pair.certificate, first.pair.key],
  );
  const names = await disk.list(FOLDER);
  assert.deepEqual(names, [
    'authority.crt',
    'authority.key',
    'authority.life',
    'server.crt',
    'server.key',
    'server.life',
  ]);
  for (const name of names) assert.equal((await disk.stat(`${FOLDER}/${name}`))?.mode, 0o600, name);
  const authority = new X509Certificate(first.authority.certificate);
  assert.equal(authority.validToDate.getTime(), START_MS + AUTHORITY_LIFETIME_MS);
  assert.equal(
    new X509Certificate(first.pair.certificate).validToDate.getTime(),
    START_MS + CERTIFICATE_LIFETIME_MS,
  );
});

test('a certificate is renewed before its end, by the same authority', async () => {
  const disk = makeDisk();
  const first = await ensurePair(disk);
  const early = START_MS + CERTIFICATE_LIFETIME_MS - RENEW_BEFORE_MS - 1;
  assert.equal((await ensurePair(disk, { nowMs: early })).pair.certificate, first.pair.certificate);
  const { authority, pair } = await ensurePair(disk, { nowMs: early + 1 });
  assert.equal(authority.certificate, first.authority.certificate);
  assert.notEqual(pair.certificate, first.pair.certificate);
  assert.ok(
    new X509Certificate(pair.certificate).verify(new X509Certificate(authority.certificate).publicKey),
  );
});

test('a certificate that is to say something else, or comes from another authority, is made anew', async () => {
  const disk = makeDisk();
  const first = await ensurePair(disk);
  const renamed = await ensurePair(disk, { dnsNames: ['hub', 'hub.example'] });
  assert.notEqual(renamed.pair.certificate, first.pair.certificate);
  assert.equal(renamed.authority.certificate, first.authority.certificate);
  assert.equal(
    (await ensurePair(disk, { dnsNames: ['hub', 'hub.example'] })).pair.certificate,
    renamed.pair.certificate,
  );
  await disk.remove(`${FOLDER}/authority.key`);
  const other = await ensurePair(disk, { dnsNames: ['hub', 'hub.example'] });
  assert.notEqual(other.pair.certificate, renamed.pair.certificate);
  assert.ok(
    new X509Certificate(other.pair.certificate).verify(
      new X509Certificate(other.authority.certificate).publicKey,
    ),
  );
});

test('half-written credentials, and those whose life cannot be read, are made anew', async () => {
  for (const damage of ['server.crt', 'server.key', 'server.life']) {
    const disk = makeDisk();
    const first = await ensurePair(disk);
    await disk.remove(`${FOLDER}/${damage}`);
    assert.notEqual((await ensurePair(disk)).pair.certificate, first.pair.certificate, damage);
  }
  const disk = makeDisk();
  const first = await ensurePair(disk);
  await disk.write(`${FOLDER}/server.life`, 'soon\n');
  assert.notEqual((await ensurePair(disk)).pair.certificate, first.pair.certificate);
});
