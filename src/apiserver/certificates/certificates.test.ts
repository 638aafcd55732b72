import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import type { CertificateSigningRequest } from '#api/certificates/certificate-signing-request.ts';
import { CertificateSigner } from '#apiserver/certificates/certificate-signer.ts';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { createAuthority } from '#pki/authority.ts';
import { must } from '#system/assert.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet';
const SERVING = 'kubernetes.io/kubelet-serving';
const CLIENT_USAGES = ['client auth', 'digital signature'];
const ann: User = { name: 'ann', uid: 'u-1', groups: ['dev', 'system:authenticated'] };
const host: User = { name: 'system:node:host-1', groups: ['system:nodes', 'system:authenticated'] };

let server: TestServer;
let stop: AbortController;
let running: Promise<void>;
before(async () => {
  const nowMs = Date.parse('2026-11-21T10:00:00Z');
  const authority = await createAuthority({
    commonName: 'test authority',
    notBeforeMs: nowMs - 1000,
    notAfterMs: nowMs + 10 * 365 * 24 * 3600_000,
  });
  const clock = new SimulatedClock();
  const late: { signer?: CertificateSigner } = {};
  server = await startTestServer({
    clock,
    prepare: ({ client, views, access }) => {
      late.signer = new CertificateSigner({
        client,
        views,
        authority,
        authorizer: access.authorizer,
        clock,
        log: silentLog,
      });
    },
  });
  const rules = [
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests'],
      verbs: ['create', 'get'],
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests/approval'],
      verbs: ['update'],
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests/selfnodeclient'],
      verbs: ['create'],
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['signers'],
      resourceNames: ['example.com/*'],
      verbs: ['approve'],
    },
  ];
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  await server.call({
    method: 'POST',
    path: `${rbac}/clusterroles`,
    body: { metadata: { name: 'csr' }, rules },
  });
  await server.call({
    method: 'POST',
    path: `${rbac}/clusterrolebindings`,
    body: {
      metadata: { name: 'csr' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'csr' },
      subjects: [
        { apiGroup, kind: 'User', name: 'ann' },
        { apiGroup, kind: 'Group', name: 'system:nodes' },
      ],
    },
  });
  await server.settle();
  stop = new AbortController();
  running = must(late.signer, 'prepare was called').run(stop.signal);
});
after(async () => {
  stop.abort();
  await running;
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function csr(
  subject: string,
  options: { names?: { type: 'dns' | 'ip' | 'email'; value: string }[]; ca?: boolean; bits?: number } = {},
) {
  const algorithm =
    options.bits === undefined
      ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
      : {
          name: 'RSASSA-PKCS1-v1_5',
          modulusLength: options.bits,
          publicExponent: new Uint8Array([1, 0, 1]),
          hash: 'SHA-256',
        };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      ...(options.names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(options.names)]),
      ...(options.ca === true ? [new x509.BasicConstraintsExtension(true)] : []),
    ],
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

let count = 0;
async function ask(
  user: User,
  spec: object,
): Promise<{ name: string; refusal: string; body: CertificateSigningRequest }> {
  count += 1;
  const name = `r${count}`;
  const body = { metadata: { name }, spec: { usages: CLIENT_USAGES, ...spec } };
  const answer = await server.call<CertificateSigningRequest>({ method: 'POST', path: PATH, user, body });
  return { name, refusal: refusalOf(answer as never), body: answer.body };
}

async function decide(name: string, type: string, user?: User): Promise<string> {
  const { body } = await server.call<CertificateSigningRequest>({ path: `${PATH}/${name}` });
  body.status = {
    conditions: [...(body.status?.conditions ?? []), { type, status: 'True', reason: 'Test', message: 'm' }],
  };
  const path = `${PATH}/${name}/approval`;
  return refusalOf(
    (await server.call({ method: 'PUT', path, body, ...(user === undefined ? {} : { user }) })) as never,
  );
}

/** Keys are worked on in other threads, which a busy machine may give little time. */
const TURNS_MAX = 1000;

/** What has become of a request once the signer has nothing left to do. */
async function outcome(name: string): Promise<CertificateSigningRequest> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    await server.settle();
    const { body } = await server.call<CertificateSigningRequest>({ path: `${PATH}/${name}` });
    const isFailed = body.status?.conditions?.some(({ type }) => type === 'Failed') === true;
    if (isFailed || (body.status?.certificate ?? '') !== '') return body;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await server.call<CertificateSigningRequest>({ path: `${PATH}/${name}` })).body;
}

test('who asks is written down by the server, and an approved request is signed for as long as it asks', async () => {
  const request = await csr('CN=ann,O=dev');
  const { name, body } = await ask(ann, {
    request,
    signerName: CLIENT,
    expirationSeconds: 3600,
    username: 'admin',
    groups: ['system:masters'],
  });
  assert.deepEqual([body.spec.username, body.spec.uid, body.spec.groups], ['ann', 'u-1', ann.groups]);
  assert.equal(await decide(name, 'Approved'), '200');
  const { status } = await outcome(name);
  const certificate = new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'));
  assert.deepEqual([certificate.subject, certificate.ca], ['CN=ann\nO=dev', false]);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(Date.parse(certificate.validTo), Math.floor(server.clock.now() / 1000) * 1000 + 3600_000);
  assert.match(
    await decide(name, 'Denied'),
    /status.conditions\[1\].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive/,
  );
  const emptied = await server.call({
    method: 'PUT',
    path: `${PATH}/${name}/approval`,
    body: { metadata: { name }, spec: body.spec, status: {} },
  });
  assert.match(refusalOf(emptied as never), /updates may not remove a condition of type "Approved"/);
});

test('a request for one extended usage alone gets a certificate that others read', async () => {
  const { name } = await ask(ann, {
    request: await csr('CN=ann'),
    signerName: CLIENT,
    usages: ['client auth'],
  });
  await decide(name, 'Approved');
  const pem = Buffer.from((await outcome(name)).status?.certificate ?? '', 'base64').toString('utf8');
  const { extensions } = new x509.X509Certificate(pem);
  assert.equal(
    extensions.some((extension) => extension instanceof x509.KeyUsagesExtension),
    false,
  );
});

test('who signs does not decide, and gives a certificate', async () => {
  const asked = await ask(ann, { request: await csr('CN=ann'), signerName: 'example.com/none' });
  const refused = async (status: object): Promise<string> => {
    const path = `${PATH}/${asked.name}`;
    const { body } = await server.call<CertificateSigningRequest>({ path });
    return refusalOf(
      (await server.call({ method: 'PUT', path: `${path}/status`, body: { ...body, status } })) as never,
    );
  };
  const approved = { type: 'Approved', status: 'True' };
  assert.match(
    await refused({ conditions: [approved] }),
    /status.conditions: Forbidden: updates may not add a condition of type "Approved"$/,
  );
  assert.match(
    await refused({ certificate: 'aGVsbG8=' }),
    /status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block$/,
  );
  assert.match(
    await refused({ conditions: [{ type: 'Odd', status: 'Yes' }] }),
    /status.conditions\[0\].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"$/,
  );
});

test('requests that must not be are refused with the reason', async () => {
  const good = await csr('CN=ann');
  const table: [object, RegExp][] = [
    [
      { request: await csr('CN=ann,O=system:masters'), signerName: CLIENT },
      /system:masters group is not allowed/,
    ],
    [
      { request: await csr('CN=skerry:site:a,O=skerry:sites'), signerName: CLIENT },
      /skerry:sites group is not allowed/,
    ],
    [{ request: await csr('CN=ann', { bits: 1024 }), signerName: CLIENT }, /its RSA key has 1024 bits/],
    [
      { request: Buffer.from('x').toString('base64'), signerName: CLIENT },
      /PEM block type must be CERTIFICATE REQUEST/,
    ],
    [
      { request: Buffer.from('x'.repeat(1024 * 1024)).toString('base64'), signerName: CLIENT },
      /^422 Invalid/,
    ],
    [
      { request: good, signerName: CLIENT, expirationSeconds: 599 },
      /may not specify a duration less than 600 seconds/,
    ],
    [{ request: good, signerName: CLIENT, usages: [] }, /spec.usages: Required value/],
    [{ request: good, signerName: 'none' }, /spec.signerName: Invalid value: "none"/],
  ];
  for (const [spec, reason] of table) assert.match((await ask(ann, spec)).refusal, reason);
});

test('whoever approves needs the right to for that signer', async () => {
  const request = await csr('CN=x');
  const own = await ask(ann, { request, signerName: 'example.com/x' });
  assert.equal(await decide(own.name, 'Approved', ann), '200');
  const other = await ask(ann, { request, signerName: CLIENT });
  assert.equal(
    await decide(other.name, 'Approved', ann),
    `403 Forbidden: certificatesigningrequests.certificates.k8s.io "${other.name}" is forbidden: user not permitted to approve requests with signerName "${CLIENT}"`,
  );
});

test('a node gets its own client certificate without a person, and no other', async () => {
  const usages = CLIENT_USAGES;
  const own = await ask(host, {
    request: await csr('CN=system:node:host-1,O=system:nodes'),
    signerName: KUBELET,
    usages,
  });
  assert.ok((await outcome(own.name)).status?.certificate);
  const other = await ask(host, {
    request: await csr('CN=system:node:host-2,O=system:nodes'),
    signerName: KUBELET,
    usages,
  });
  assert.equal((await outcome(other.name)).status?.certificate, undefined);
  const table: [string, string, string, Parameters<typeof csr>[1], RegExp][] = [
    ['CN=system:node:a,O=other', KUBELET, 'client auth', {}, /organization is not system:nodes/],
    ['CN=admin,O=system:nodes', KUBELET, 'client auth', {}, /common name does not begin with system:node:/],
    [
      'CN=system:node:a,O=system:nodes',
      KUBELET,
      'client auth',
      { names: [{ type: 'dns', value: 'api' }] },
      /alternative names are not allowed/,
    ],
    ['CN=system:node:a,O=system:nodes', KUBELET, 'server auth', {}, /usage "client auth" is required/],
    ['CN=system:node:a,O=system:nodes', SERVING, 'server auth', {}, /DNS or IP subjectAltName is required/],
    ['CN=system:node:a,O=system:nodes', KUBELET, 'client auth', { ca: true }, /certificate of an authority/],
  ];
  for (const [subject, signerName, usage, options, reason] of table) {
    const asked = await ask(ann, { request: await csr(subject, options), signerName, usages: [usage] });
    assert.equal(await decide(asked.name, 'Approved'), '200');
    const { status } = await outcome(asked.name);
    const failed = status?.conditions?.find(({ type }) => type === 'Failed');
    assert.match(failed?.message ?? '', reason);
    assert.equal(status?.certificate, undefined);
  }
});
