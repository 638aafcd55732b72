import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/pod.ts';
import { podSecurity } from '#apiserver/admission/pod-security/pod-security.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';

let server: TestServer;
before(async () => {
  const store = await openMemoryStore({ log: createMemoryLog() });
  const exemptions = { usernames: ['exempt'], namespaces: ['free'], runtimeClasses: ['vm'] };
  server = await startTestServer({ store, admission: [podSecurity({ store, exemptions })] });
  for (const level of ['restricted', 'baseline']) await newNamespace(level, { enforce: level });
});
after(() => server.stop());

const NAMESPACES = '/api/v1/namespaces';

function labelsOf(modes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(modes).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]),
  );
}

function newNamespace(name: string, modes: Record<string, string>) {
  return server.call({
    method: 'POST',
    path: NAMESPACES,
    body: { metadata: { name, labels: labelsOf(modes) } },
  });
}

function create(namespace: string, spec: object = {}, metadata: object = {}) {
  return server.call<Pod & { message?: string }>({
    method: 'POST',
    path: `${NAMESPACES}/${namespace}/pods`,
    body: {
      metadata: { name: 'p', ...metadata },
      spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
    },
  });
}

/** A container that is as restricted as it gets, but for what is given. */
function tidy(security: object = {}, others: object = {}): object {
  return {
    name: 'c',
    image: 'i',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...security,
    },
    ...others,
  };
}

test('B27: a plain pod is refused in a restricted namespace, with every rule it is against', async () => {
  const answer = await create('restricted');
  assert.equal(
    refusalOf(answer as never),
    '403 Forbidden: pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  );
  assert.equal(answer.headers.warning, undefined);
});

test('a pod that keeps to the rules is let in, whether it says so itself or by its containers', async () => {
  assert.equal((await create('restricted', { containers: [tidy()] })).status, 201);
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  const containers = [tidy({ runAsNonRoot: undefined, seccompProfile: undefined })];
  assert.equal((await create('restricted', { containers, securityContext }, { name: 'q' })).status, 201);
});

/** What is against a rule, and what is said of it, by level. */
const VIOLATIONS: readonly [string, object, string, object?][] = [
  [
    'baseline',
    { hostNetwork: true, hostPID: true, hostIPC: true },
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  ['baseline', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
  [
    'restricted',
    { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    'restricted volume types (volume "v" uses restricted volume type "hostPath")',
  ],
  ['restricted', { securityContext: { runAsUser: 0 } }, 'runAsUser=0 (pod must not set runAsUser=0)'],
  [
    'baseline',
    { containers: [tidy({ privileged: true, allowPrivilegeEscalation: true })] },
    'privileged (container "c" must not set securityContext.privileged=true)',
  ],
  [
    'baseline',
    { containers: [tidy({ capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN', 'CHOWN'] } })] },
    'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'restricted',
    { containers: [tidy({ capabilities: { add: ['CHOWN'], drop: ['ALL'] } })] },
    'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
  ],
  [
    'baseline',
    {
      containers: [
        tidy(
          {},
          {
            ports: [
              { containerPort: 80, hostPort: 80 },
              { containerPort: 81, hostPort: 81 },
            ],
          },
        ),
      ],
    },
    'hostPort (container "c" uses hostPorts 80, 81)',
  ],
  [
    'baseline',
    {
      securityContext: {
        sysctls: [
          { name: 'kernel.msgmax', value: '1' },
          { name: 'net.ipv4.tcp_syncookies', value: '1' },
        ],
      },
    },
    'forbidden sysctl (kernel.msgmax)',
  ],
  [
    'baseline',
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'restricted',
    { containers: [tidy({ seccompProfile: { type: 'Unconfined' } })] },
    'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'baseline',
    { securityContext: { seLinuxOptions: { type: 'foo', user: 'bar', role: 'baz' } } },
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "foo"; user may not be set; role may not be set)',
  ],
  [
    'baseline',
    { containers: [tidy({ appArmorProfile: { type: 'Unconfined' } })] },
    'forbidden AppArmor profiles (container "c" must not set AppArmor profile type to "Unconfined", container.apparmor.security.beta.kubernetes.io/c="unconfined")',
  ],
  [
    'baseline',
    {},
    'forbidden AppArmor profiles (container "c" must not set AppArmor profile type to "Unconfined", container.apparmor.security.beta.kubernetes.io/c="unconfined")',
    { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
  ],
  [
    'baseline',
    { securityContext: { windowsOptions: { hostProcess: true } }, hostNetwork: true },
    'host namespaces (hostNetwork=true), hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  [
    'baseline',
    { containers: [tidy({}, { livenessProbe: { httpGet: { port: 80, host: '10.0.0.1' } } })] },
    'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
  ],
  [
    'restricted',
    { containers: [tidy({ runAsNonRoot: false })] },
    'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
  ],
  [
    'restricted',
    { initContainers: [{ ...tidy({ allowPrivilegeEscalation: true }), name: 'i' }] },
    'allowPrivilegeEscalation != false (container "i" must set securityContext.allowPrivilegeEscalation=false)',
  ],
];

test('each control is named as upstream names it', async () => {
  for (const [level, spec, what, metadata] of VIOLATIONS) {
    const answer = await create(level, { containers: [tidy()], ...spec }, { name: 'v', ...metadata });
    assert.equal(
      refusalOf(answer as never),
      `403 Forbidden: pods "v" is forbidden: violates PodSecurity "${level}:latest": ${what}`,
    );
  }
});

test('until 1.35, users of its own gave a pod no more than others have', async () => {
  await newNamespace('before', { enforce: 'baseline', 'enforce-version': 'v1.34' });
  const answer = await create(
    'before',
    { hostUsers: false, containers: [tidy({ procMount: 'Unmasked' })] },
    { name: 'v' },
  );
  assert.match(
    refusalOf(answer as never),
    /procMount \(container "c" must not set securityContext.procMount to "Unmasked"\)$/u,
  );
});

test('an old version of the standard knows fewer controls', async () => {
  await newNamespace('old', { enforce: 'restricted', 'enforce-version': 'v1.18' });
  assert.match(
    refusalOf((await create('old')) as never),
    /"restricted:v1\.18": allowPrivilegeEscalation != false \([^)]*\), runAsNonRoot != true \([^)]*\)$/,
  );
});

test('a workload is warned of what its pods would be refused for, and is let in', async () => {
  const answer = await server.call({
    method: 'POST',
    path: '/apis/apps/v1/namespaces/baseline/deployments',
    body: {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { hostNetwork: true, containers: [{ name: 'c', image: 'i' }] },
        },
      },
    },
  });
  assert.equal(answer.status, 201);
  assert.equal(
    answer.headers.warning,
    String.raw`299 - "would violate PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"`,
  );
});

test('who is exempt is not asked', async () => {
  await newNamespace('free', { enforce: 'restricted' });
  assert.equal((await create('free')).status, 201);
  assert.equal((await create('restricted', { runtimeClassName: 'vm' }, { name: 'vm' })).status, 201);
});

test('a raised level tells which pods are against it', async () => {
  await newNamespace('raised', {});
  await create('raised', {}, { name: 'a' });
  await create('raised', {}, { name: 'b' });
  await create('raised', { hostPID: true, containers: [tidy()] }, { name: 'c' });
  const answer = await server.call({
    method: 'PATCH',
    path: `${NAMESPACES}/raised?dryRun=All`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: labelsOf({ enforce: 'restricted' }) } },
  });
  assert.equal(answer.status, 200);
  assert.equal(
    answer.headers.warning,
    [
      String.raw`299 - "existing pods in namespace \"raised\" violate the new PodSecurity enforce level \"restricted:latest\""`,
      '299 - "a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"',
      '299 - "c: host namespaces"',
    ].join(', '),
  );
});

test('labels that name no level are refused', async () => {
  assert.match(
    refusalOf(await newNamespace('wrong', { enforce: 'strict', 'warn-version': '1.2' })),
    /^422 Invalid: Namespace "wrong" is invalid: \[metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: Unsupported value: "strict".*metadata\.labels\[pod-security\.kubernetes\.io\/warn-version\]: Invalid value: "1\.2"/,
  );
});
