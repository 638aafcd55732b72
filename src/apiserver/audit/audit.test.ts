import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditLog } from '#apiserver/audit/audit-log.ts';
import { type AuditMode, Auditor } from '#apiserver/audit/auditor.ts';
import { type AuditPolicy, DEFAULT_POLICY, decide, readPolicy } from '#apiserver/audit/policy.ts';
import { verifyData, verifyFiles } from '#apiserver/audit/verify.ts';
import { startTestServer } from '#apiserver/test-server.ts';
import { createLog } from '#system/log.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const DATA = '/data';
const FILE = `${DATA}/audit/audit-00000001.log`;
const MAPS = '/api/v1/namespaces/default/configmaps';

async function startAudit(
  policy: AuditPolicy = DEFAULT_POLICY,
  fileBytesMax?: number,
  mode: AuditMode = 'batch',
) {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  const complaints: string[] = [];
  const log = createLog({ write: (line) => complaints.push(line), now: () => clock.now(), level: 'warn' });
  const options = {
    dataFolder: DATA,
    disk,
    clock,
    log,
    ...(fileBytesMax === undefined ? {} : { fileBytesMax }),
  };
  const audit = await AuditLog.open(options);
  const auditor = new Auditor({ log: audit, mode, policy, clock, random: seededRandom(3) });
  const reopen = () => AuditLog.open(options);
  return { clock, disk, audit, auditor, complaints, reopen };
}

async function textOf(disk: SimulatedDisk, path = FILE): Promise<string> {
  return Buffer.from((await disk.read(path)) ?? []).toString('utf8');
}

async function faultsOf(disk: SimulatedDisk): Promise<string[]> {
  return (await verifyData(disk, DATA)).faults.map(
    ({ file, line, why }) => `${file.split('/').at(-1)}:${line} ${why}`,
  );
}

async function startAudited(policy?: AuditPolicy, mode?: AuditMode) {
  const audit = await startAudit(policy, undefined, mode);
  const server = await startTestServer({ clock: audit.clock, audit: audit.auditor });
  const events = async () => {
    await audit.audit.flush();
    return (await textOf(audit.disk))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(
        ({ verb, requestURI }) =>
          verb !== 'start' &&
          !String(requestURI).includes('namespaces?') &&
          requestURI !== '/api/v1/namespaces',
      );
  };
  return { ...audit, server, events };
}

test('every write is told, with who, what and how it went; no read is, and no body', async () => {
  const { server, events } = await startAudited();
  const user = { name: 'eve', groups: ['system:masters'] };
  await server.call({
    method: 'POST',
    path: MAPS,
    body: { metadata: { name: 'a' }, data: { secret: 'hush' } },
    user,
    headers: { 'user-agent': 'kubectl/v1.31' },
  });
  await server.call({ path: `${MAPS}/a`, user });
  await server.call({ method: 'DELETE', path: `${MAPS}/none?dryRun=All`, user });
  const [created, deleted, ...others] = (await events()).filter(
    ({ user: by }) => (by as { username: string }).username === 'eve',
  );
  assert.deepEqual(others, []);
  assert.deepEqual(
    {
      ...created,
      auditID: '',
      'skerry.io/chain': {},
      objectRef: { ...(created?.objectRef as object), uid: '' },
    },
    {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: '',
      stage: 'ResponseComplete',
      requestURI: `${MAPS}?`.slice(0, -1),
      verb: 'create',
      user: { username: 'eve', groups: ['system:masters'] },
      userAgent: 'kubectl/v1.31',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', uid: '', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
      requestReceivedTimestamp: created?.requestReceivedTimestamp,
      stageTimestamp: created?.stageTimestamp,
      'skerry.io/chain': {},
    },
  );
  assert.deepEqual(deleted?.responseStatus, {
    metadata: {},
    status: 'Failure',
    message: 'configmaps "none" not found',
    reason: 'NotFound',
    code: 404,
  });
  assert.equal(JSON.stringify(await events()).includes('hush'), false);
  await server.stop();
});

test('a policy may ask for bodies, without managed fields', async () => {
  const policy = readPolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    omitManagedFields: true,
    rules: [
      { level: 'RequestResponse', verbs: ['create'], resources: [{ group: '', resources: ['configmaps'] }] },
      { level: 'Request', verbs: ['delete'], namespaces: ['default'] },
    ],
  });
  const { server, events } = await startAudited(policy);
  await server.call({ method: 'POST', path: MAPS, body: { metadata: { name: 'a' } } });
  await server.call({
    method: 'DELETE',
    path: `${MAPS}/a`,
    body: { kind: 'DeleteOptions', gracePeriodSeconds: 0 },
  });
  const [created, deleted] = await events();
  assert.deepEqual(created?.requestObject, { metadata: { name: 'a' } });
  const answered = JSON.stringify(created?.responseObject);
  assert.match(answered, /"name":"a"/);
  assert.doesNotMatch(answered, /managedFields/);
  assert.deepEqual(deleted?.requestObject, { kind: 'DeleteOptions', gracePeriodSeconds: 0 });
  assert.equal(deleted?.responseObject, undefined);
  await server.stop();
});

test('the first rule that matches decides', () => {
  const policy: AuditPolicy = {
    rules: [
      { level: 'None', users: ['robot'] },
      { level: 'Request', resources: [{ group: '', resources: ['pods/*'] }] },
      { level: 'Metadata', userGroups: ['people'], verbs: ['get'], resources: [{ group: 'apps' }] },
      { level: 'Metadata', nonResourceURLs: ['/healthz*'] },
    ],
  };
  const at = (changes: object): string =>
    decide(policy, {
      user: { name: 'eve', groups: ['people'] },
      verb: 'get',
      resource: 'pods',
      group: '',
      namespace: 'default',
      name: 'a',
      path: '/x',
      ...changes,
    }).level;
  assert.deepEqual(
    [
      at({ user: { name: 'robot', groups: [] }, resource: 'pods/log' }),
      at({}),
      at({ resource: 'pods/log' }),
      at({ group: 'apps', resource: 'deployments' }),
      at({ group: 'apps', resource: 'deployments', verb: 'list' }),
      at({ resource: undefined, path: '/healthz/etcd' }),
      at({ resource: undefined, path: '/version' }),
    ],
    ['None', 'None', 'Request', 'Metadata', 'None', 'Metadata', 'None'],
  );
});

test('a policy that cannot be meant is refused, by field', () => {
  const refuse = (policy: object, why: RegExp): void =>
    assert.throws(() => readPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }), why);
  refuse({}, /rules: Required value/);
  refuse({ rules: [{ level: 'All' }] }, /rules\[0\]\.level: Unsupported value: "All"/);
  refuse({ rules: [{ level: 'None', verbs: 'get' }] }, /rules\[0\]\.verbs: must be a list/);
  refuse({ rules: [], omitStages: ['Never'] }, /omitStages: Unsupported value: "Never"/);
  refuse({ rules: [{ level: 'None', namespaces: ['a'], nonResourceURLs: ['/x'] }] }, /cannot apply to both/);
});

async function writtenLog(lines: number, fileBytesMax?: number) {
  const started = await startAudit(DEFAULT_POLICY, fileBytesMax);
  for (let index = 0; index < lines; index++) {
    started.audit.append(`{"kind":"Event","number":${index}}`);
    if (fileBytesMax !== undefined) await started.audit.flush();
  }
  await started.audit.flush();
  return started;
}

test('an untouched log is unbroken, also over files', async () => {
  const { disk } = await writtenLog(40, 2000);
  const verdict = await verifyData(disk, DATA);
  assert.deepEqual([verdict.faults, verdict.lines, verdict.last], [[], 41, 41]);
  assert.ok(verdict.files > 3);
});

test('old files go, and what is left is still unbroken', async () => {
  const { disk } = await writtenLog(200, 1000);
  const verdict = await verifyData(disk, DATA);
  assert.deepEqual([verdict.faults, verdict.files, verdict.last], [[], 16, 201]);
  assert.ok(verdict.first > 1);
});

test('an edit, a cut, another order, a removed end or file is found, with its line', async () => {
  const edits: [string, (lines: string[]) => string[], RegExp][] = [
    [
      'edit',
      (lines) => lines.with(3, lines[3]?.replace('"number":2', '"number":7') ?? ''),
      /^audit-00000001\.log:4 the line was changed/,
    ],
    ['cut', (lines) => lines.toSpliced(3, 1), /^audit-00000001\.log:4 expected line number 4, found 5/],
    [
      'order',
      (lines) => [...lines.slice(0, 3), ...[lines[4] ?? '', lines[3] ?? ''], ...lines.slice(5)],
      /^audit-00000001\.log:4 expected line number 4, found 5/,
    ],
    [
      'double',
      (lines) => lines.toSpliced(3, 0, lines[3] ?? ''),
      /^audit-00000001\.log:5 expected line number 5, found 4/,
    ],
    [
      'end',
      (lines) => lines.slice(0, -2),
      /^audit-00000001\.log:0 the end is missing: the log ends at line number 9, the anchor knows number 11/,
    ],
    ['begin', (lines) => lines.slice(2), /^audit-00000001\.log:1 expected line number 1, found 3/],
    [
      'other',
      (lines) => [...lines.slice(0, 4), '{"kind":"Event"}', ...lines.slice(4)],
      /^audit-00000001\.log:5 the line is not one of this log/,
    ],
    ['torn', (lines) => lines.with(10, lines[10]?.slice(0, 20) ?? ''), /the line is (?:torn|not one)/],
  ];
  for (const [name, change, expected] of edits) {
    const { disk } = await writtenLog(10);
    const lines = (await textOf(disk)).trimEnd().split('\n');
    await disk.write(FILE, `${change(lines).join('\n')}\n`);
    assert.match((await faultsOf(disk))[0] ?? 'unbroken', expected, name);
  }
  const { disk } = await writtenLog(40, 2000);
  await disk.remove(`${DATA}/audit/audit-00000003.log`);
  assert.match((await faultsOf(disk))[0] ?? '', /^audit-00000003\.log:0 the file is missing/);
});

test('a chain that was made anew from an edit on is found by the anchor, but not from the files alone', async () => {
  const { disk } = await writtenLog(10);
  const other = await writtenLog(9);
  await disk.write(FILE, await textOf(other.disk));
  assert.match((await faultsOf(disk))[0] ?? '', /the end is missing/);
  const alone = await verifyFiles(disk, [FILE]);
  assert.deepEqual(alone.faults, []);
  assert.match(alone.notes[0] ?? '', /without the data folder there is no anchor/);
});

test('what a crash tears off is cut off and stated, and the chain goes on', async () => {
  const { disk, reopen, complaints } = await writtenLog(5);
  await disk.append(FILE, '{"kind":"Event","num');
  const again = await reopen();
  again.append('{"kind":"Event","number":5}');
  await again.flush();
  assert.deepEqual(await faultsOf(disk), []);
  assert.match(complaints.join('\n'), /the last line of the audit log was torn/);
  assert.match(await textOf(disk), /"skerry\.io\/torn-bytes":"20"/);
});

test('a log whose end was removed says so when it is opened', async () => {
  const { disk, reopen, complaints } = await writtenLog(5);
  const lines = (await textOf(disk)).trimEnd().split('\n');
  await disk.write(FILE, `${lines.slice(0, 3).join('\n')}\n`);
  await reopen();
  assert.match(complaints.join('\n'), /shorter than its anchor says/);
  assert.match((await faultsOf(disk)).join(), /at this start of the server 3 lines were missing/);
});

test('who asks is answered the id of his event, also where nothing is told', async () => {
  const { server, events } = await startAudited();
  const user = { name: 'eve', groups: ['system:masters'] };
  const read = await server.call({ path: MAPS, user });
  assert.match(read.headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/);
  const headers = {
    'audit-id': 'my-own-id',
    'x-forwarded-for': '203.0.113.7, unknown, 2001:db8::1',
    'x-real-ip': '203.0.113.9',
  };
  const body = { metadata: { name: 'b' } };
  const made = await server.server.handle({
    method: 'POST',
    path: MAPS,
    query: new URLSearchParams(),
    headers: { ...headers, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
    user,
    sourceAddress: '::ffff:198.51.100.2',
  });
  assert.deepEqual([made.status, made.headers['audit-id']], [201, 'my-own-id']);
  const mine = (await events()).find(({ auditID }) => auditID === 'my-own-id');
  assert.deepEqual(mine?.sourceIPs, ['203.0.113.7', '2001:db8::1', '203.0.113.9', '198.51.100.2']);
  const refused = await server.call({ path: MAPS, user: { name: 'nobody', groups: [] } });
  assert.equal(refused.status, 403);
  assert.notEqual(refused.headers['audit-id'], undefined);
  await server.stop();
});

test('each stage is told once it is known who asks, and why he may', async () => {
  const policy = readPolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    rules: [
      { level: 'Metadata', users: ['eve'], omitStages: ['ResponseComplete'] },
      { level: 'Metadata', users: ['mallory'] },
    ],
  });
  const { server, events } = await startAudited(policy);
  await server.call({ path: MAPS, user: { name: 'eve', groups: ['system:masters'] } });
  await server.call({ path: MAPS, user: { name: 'mallory', groups: [] } });
  const told = (await events()).map(({ stage, user, annotations }) => [
    stage,
    (user as { username: string }).username,
    (annotations as Record<string, string> | undefined)?.['authorization.k8s.io/decision'],
  ]);
  assert.deepEqual(told, [
    ['RequestReceived', 'eve', undefined],
    ['RequestReceived', 'mallory', undefined],
    ['ResponseComplete', 'mallory', 'forbid'],
  ]);
  await server.stop();
});

test('what reached the disk of a batch that failed is not written again', async () => {
  const { disk, audit, clock, complaints } = await startAudit();
  const append = disk.append.bind(disk);
  let fails = 0;
  disk.append = async (path: string, content: string | Uint8Array) => {
    if (fails === 0) return append(path, content);
    fails -= 1;
    // A part of a line, or all but the sync.
    const part = fails === 0 ? content.length : Math.floor(content.length / 2);
    await append(path, content.slice(0, part));
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  for (let number = 0; number < 5; number += 1) audit.append(`{"auditID":"${number}"}`);
  fails = 2;
  assert.equal(await audit.flush(), false);
  audit.append('{"auditID":"5"}');
  assert.equal(await audit.flush(), false);
  await clock.advance(1000);
  const ids = (await textOf(disk)).trimEnd().split('\n');
  assert.deepEqual(
    ids.map((line) => (JSON.parse(line) as { auditID: string }).auditID),
    ['start', '0', '1', '2', '3', '4', '5'],
    'it is tried again by itself',
  );
  assert.deepEqual(await faultsOf(disk), []);
  assert.equal(complaints.length, 2);
});

test('in blocking modes an answer comes after its event; the strict one begins nothing untold', async () => {
  const policy = readPolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    rules: [{ level: 'Metadata' }],
  });
  const user = { name: 'eve', groups: ['system:masters'] };
  const make = (server: Awaited<ReturnType<typeof startAudited>>['server'], name: string) =>
    server.call({ method: 'POST', path: MAPS, body: { metadata: { name } }, user });
  for (const mode of ['blocking', 'blocking-strict'] as const) {
    const { server, disk } = await startAudited(policy, mode);
    assert.equal((await make(server, 'a')).status, 201);
    const lines = (await textOf(disk)).split('\n').filter((line) => line.includes('"eve"'));
    assert.equal(lines.length, 2, mode);
    disk.append = () => Promise.reject(new Error('the disk is away'));
    const untold = await make(server, 'b');
    const isThere = (await server.store.get('/registry/core/configmaps/default/b')) !== undefined;
    assert.deepEqual(
      [untold.status, isThere],
      mode === 'blocking' ? [201, true] : [500, false],
      'only the strict one refuses',
    );
    await server.stop();
  }
});
