import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/pod.ts';
import { siteAdmission } from '#apiserver/admission/standard.ts';
import { ensurePriorityClasses } from '#apiserver/admission/system-priority-classes.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

let server: TestServer;
before(async () => {
  const store = await openMemoryStore({ log: createMemoryLog() });
  const clock = new SimulatedClock();
  const admission = siteAdmission({ store, clock, random: seededRandom(7) });
  server = await startTestServer({ store, clock, admission });
  await ensurePriorityClasses(server.client);
});
after(() => server.stop());

const CONTAINER = { name: 'c', image: 'i' };
let spaces = 0;

/** A namespace of its own, with its default account. */
async function newNamespace(labels: Record<string, string> = {}): Promise<string> {
  const name = `space-${++spaces}`;
  await post('/api/v1/namespaces', { metadata: { name, labels } });
  await post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  return name;
}

function post<T = Pod>(path: string, body: unknown) {
  return server.call<T & { message?: string }>({ method: 'POST', path, body });
}

function createPod(namespace: string, spec: object = {}, metadata: object = {}) {
  return post(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: 'p', ...metadata },
    spec: { containers: [CONTAINER], ...spec },
  });
}

async function limit(namespace: string, limits: object[]): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/limitranges`;
  assert.equal((await post(path, { metadata: { name: 'l' }, spec: { limits } })).status, 201);
}

test('a pod runs as the default account, with its pull secrets, and stays five minutes on a lost host', async () => {
  const namespace = await newNamespace();
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await post(path, { metadata: { name: 'puller' }, imagePullSecrets: [{ name: 'key' }] });
  const { body } = await createPod(namespace, { serviceAccountName: 'puller' });
  assert.deepEqual(body.spec.imagePullSecrets, [{ name: 'key' }]);
  assert.equal(body.spec.serviceAccount, 'puller');
  assert.deepEqual(
    body.spec.tolerations?.map(
      ({ key, effect, tolerationSeconds }) => `${key} ${effect} ${tolerationSeconds}`,
    ),
    ['node.kubernetes.io/not-ready NoExecute 300', 'node.kubernetes.io/unreachable NoExecute 300'],
  );
  const plain = await createPod(namespace, {}, { name: 'q' });
  assert.deepEqual([plain.body.spec.serviceAccountName, plain.body.spec.priority], ['default', 0]);
});

test('a pod that is written anew keeps what its plugins gave it', async () => {
  const namespace = await newNamespace();
  const { body } = await createPod(namespace, { priorityClassName: 'system-node-critical' });
  const { tolerations: _t, priority: _p, preemptionPolicy: _q, ...spec } = body.spec;
  const again = await server.call<Pod>({
    method: 'PUT',
    path: `/api/v1/namespaces/${namespace}/pods/p`,
    body: { ...body, spec, metadata: { ...body.metadata, labels: { a: 'b' } } },
  });
  assert.equal(again.status, 200);
  assert.deepEqual(again.body.spec, body.spec);
});

test('a pod gets the token of its account, unless it or the account is against it', async () => {
  const namespace = await newNamespace();
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await post(path, { metadata: { name: 'mute' }, automountServiceAccountToken: false });
  const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
  const own = { name: 'own', image: 'i', volumeMounts: [{ name: 'v', mountPath }] };
  const volumes = [{ name: 'v', emptyDir: {} }];
  const { spec } = (await createPod(namespace, { volumes, containers: [CONTAINER, own] })).body;
  const [, token] = spec.volumes ?? [];
  assert.match(token?.name ?? '', /^kube-api-access-[a-z0-9]{5}$/);
  assert.deepEqual(spec.containers[0]?.volumeMounts, [{ name: token?.name, readOnly: true, mountPath }]);
  assert.deepEqual(spec.containers[1]?.volumeMounts, [{ name: 'v', mountPath }]);
  assert.deepEqual(token?.projected?.sources?.[0]?.serviceAccountToken, {
    path: 'token',
    expirationSeconds: 3607,
  });
  for (const silent of [{ automountServiceAccountToken: false }, { serviceAccountName: 'mute' }]) {
    const { body } = await createPod(namespace, silent, {
      name: `q${Object.keys(silent)[0]?.toLowerCase()}`,
    });
    assert.deepEqual(body.spec.volumes ?? [], []);
  }
});

test('an account that is not there keeps a pod out', async () => {
  const namespace = await newNamespace();
  assert.equal(
    refusalOf((await createPod(namespace, { serviceAccountName: 'ghost' })) as never),
    `403 Forbidden: pods "p" is forbidden: error looking up service account ${namespace}/ghost: serviceaccount "ghost" not found`,
  );
});

test('the default account of a new namespace is waited for', async () => {
  const name = `space-${++spaces}`;
  await post('/api/v1/namespaces', { metadata: { name } });
  const pod = createPod(name);
  await server.clock.advance(400);
  await post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  await server.clock.advance(400);
  assert.equal((await pod).status, 201);
});

test('a pod has the priority of its class', async () => {
  const namespace = await newNamespace();
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
  await post(classes, { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
  const { spec } = (await createPod(namespace, { priorityClassName: 'high' })).body;
  assert.deepEqual([spec.priority, spec.preemptionPolicy], [1000, 'Never']);
  const critical = await createPod(namespace, { priorityClassName: 'system-node-critical' }, { name: 'q' });
  assert.equal(critical.body.spec.priority, 2_000_001_000);
  const refusals: [object, string][] = [
    [{ priorityClassName: 'none' }, 'no PriorityClass with name none was found'],
    [
      { priorityClassName: 'high', priority: 5 },
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    ],
    [
      { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' },
      'the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
    ],
  ];
  for (const [wrong, why] of refusals)
    assert.equal(
      refusalOf((await createPod(namespace, wrong, { name: 'r' })) as never),
      `403 Forbidden: pods "r" is forbidden: ${why}`,
    );
});

test('there is one default class at most, and it is for every pod', async () => {
  const namespace = await newNamespace();
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
  await post(classes, { metadata: { name: 'usual' }, value: 7, globalDefault: true });
  const pod = await createPod(namespace);
  assert.deepEqual([pod.body.spec.priorityClassName, pod.body.spec.priority], ['usual', 7]);
  assert.equal(
    refusalOf((await post(classes, { metadata: { name: 'other' }, value: 8, globalDefault: true })) as never),
    '403 Forbidden: priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  );
  await server.call({ method: 'DELETE', path: `${classes}/usual` });
});

test('containers get the defaults of the limit range, and the pod says so', async () => {
  const namespace = await newNamespace();
  await limit(namespace, [
    { type: 'Container', default: { cpu: '500m', memory: '1Gi' }, defaultRequest: { cpu: '100m' } },
  ]);
  const { body } = await createPod(namespace, { initContainers: [{ name: 'i', image: 'i' }] });
  assert.deepEqual(body.spec.containers[0]?.resources, {
    limits: { cpu: '500m', memory: '1Gi' },
    requests: { cpu: '100m', memory: '1Gi' },
  });
  assert.equal(
    body.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c; cpu, memory request for init container i; cpu, memory limit for init container i',
  );
});

test('a pod outside the limits is refused with everything that is wrong', async () => {
  const namespace = await newNamespace();
  await limit(namespace, [
    { type: 'Container', min: { cpu: '100m' }, max: { memory: '1Gi' }, default: {}, defaultRequest: {} },
    { type: 'Pod', maxLimitRequestRatio: { cpu: '2' } },
  ]);
  const containers = [
    {
      ...CONTAINER,
      resources: { requests: { cpu: '50m', memory: '1Gi' }, limits: { cpu: '200m', memory: '2Gi' } },
    },
  ];
  assert.equal(
    refusalOf((await createPod(namespace, { containers })) as never),
    '403 Forbidden: pods "p" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum memory usage per Container is 1Gi, but limit is 2Gi, cpu max limit to request ratio per Pod is 2, but provided ratio is 4.000000]',
  );
});

test('a claim outside the limits is refused', async () => {
  const namespace = await newNamespace();
  await limit(namespace, [
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } },
  ]);
  const claim = (storage: string) =>
    post(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`, {
      metadata: { name: `c-${storage.toLowerCase()}` },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
  assert.equal((await claim('2Gi')).status, 201);
  assert.match(
    refusalOf((await claim('6Gi')) as never),
    /maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi$/,
  );
  assert.match(
    refusalOf((await claim('1Mi')) as never),
    /minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi$/,
  );
});

test('a runtime class brings its overhead, node selector and tolerations', async () => {
  const namespace = await newNamespace();
  await post('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
  });
  const { spec } = (await createPod(namespace, { runtimeClassName: 'vm' })).body;
  assert.deepEqual([spec.overhead, spec.nodeSelector], [{ memory: '64Mi' }, { vm: 'yes' }]);
  assert.ok(spec.tolerations?.some(({ key }) => key === 'vm'));
  const refusals: [object, string][] = [
    [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
    [
      { runtimeClassName: 'vm', overhead: { memory: '1Mi' } },
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } },
      'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    ],
  ];
  for (const [wrong, why] of refusals)
    assert.equal(
      refusalOf((await createPod(namespace, wrong, { name: 'r' })) as never),
      `403 Forbidden: pods "r" is forbidden: ${why}`,
    );
});

test('a claim and an ingress that name no class get the default one', async () => {
  const namespace = await newNamespace();
  await post('/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.com/x',
  });
  await post('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'web', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'example.com/y' },
  });
  const claims = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
  const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const claim = await post<{ spec: { storageClassName?: string } }>(claims, {
    metadata: { name: 'a' },
    spec: claimSpec,
  });
  assert.equal(claim.body.spec.storageClassName, 'fast');
  const none = await post<{ spec: { storageClassName?: string } }>(claims, {
    metadata: { name: 'b' },
    spec: { ...claimSpec, storageClassName: '' },
  });
  assert.equal(none.body.spec.storageClassName ?? '', '');
  const ingress = await post<{ spec: { ingressClassName?: string } }>(
    `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`,
    { metadata: { name: 'i' }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
  );
  assert.equal(ingress.body.spec.ingressClassName, 'web');
  const grown = await server.call({
    method: 'PATCH',
    path: `${claims}/a`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { resources: { requests: { storage: '2Gi' } } } },
  });
  assert.match(
    refusalOf(grown),
    /^(?:403|422) .*(?:Only bound persistent volume claims can be expanded|immutable|spec)/i,
  );
});
