import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigMap } from '#api/core/config-map.ts';
import type { Container } from '#api/core/container.ts';
import type { Secret } from '#api/core/secret.ts';
import type { Service } from '#api/core/service.ts';
import { composeEnvironment, type EnvironmentContext } from '#kubelet/environment/environment.ts';
import { expand } from '#kubelet/environment/expand.ts';
import { fieldValue } from '#kubelet/environment/field-value.ts';
import { resourceValue } from '#kubelet/environment/resource-value.ts';
import { serviceVariables } from '#kubelet/environment/service-variables.ts';
import { podOf } from '#kubelet/pod-facts.fixture.ts';

const META = { uid: 'x', resourceVersion: '1', creationTimestamp: '', namespace: 'default' };
const configMap: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...META, name: 'settings' },
  data: { mode: 'fast', 'not=a name': 'x' },
};
const secret: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { ...META, name: 'key' },
  data: { password: 'aHVzaA==' },
};
const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...META, name: 'redis-main' },
  spec: {
    clusterIP: '10.43.0.7',
    ports: [
      { port: 6379, name: 'client' },
      { port: 53, protocol: 'UDP' },
    ],
  },
};

function compose(
  container: Partial<Container>,
  more: Partial<EnvironmentContext> = {},
): Record<string, string> {
  const context: EnvironmentContext = {
    pod: podOf(),
    container: { name: 'main', ...container },
    addresses: ['10.0.0.1'],
    hostAddress: '192.0.2.1',
    nodeName: 'host-1',
    allocatable: { cpu: '4', memory: '8Gi' },
    configMap: (name) => (name === 'settings' ? configMap : undefined),
    secret: (name) => (name === 'key' ? secret : undefined),
    services: [],
    ...more,
  };
  return Object.fromEntries(composeEnvironment(context));
}

test('references are replaced, unknown ones stay, and two dollars are one', () => {
  const values: Record<string, string> = { A: 'a', EMPTY: '' };
  const lookup = (name: string): string | undefined => values[name];
  const table = [
    ['$(A)', 'a'],
    ['x$(A)y$(A)', 'xaya'],
    ['$(EMPTY)', ''],
    ['$(B)', '$(B)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$A ${A} $', '$A ${A} $'],
    ['$(A', '$(A'],
  ] as const;
  for (const [text, want] of table) assert.equal(expand(text, lookup), want, text);
});

test('variables come from services, envFrom and env, a later one winning', () => {
  const found = compose(
    {
      envFrom: [
        { prefix: 'CFG_', configMapRef: { name: 'settings' } },
        { secretRef: { name: 'key' } },
        { configMapRef: { name: 'none', optional: true } },
      ],
      env: [
        { name: 'PLAIN', value: 'p' },
        { name: 'JOINED', value: '$(PLAIN)-$(CFG_mode)-$(LATER)-$(REDIS_MAIN_SERVICE_HOST)' },
        { name: 'LATER', value: 'l' },
        { name: 'password', value: 'mine' },
        { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
        { name: 'OPTIONAL', valueFrom: { secretKeyRef: { name: 'key', key: 'none', optional: true } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CPUS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      ],
    },
    { services: [service] },
  );
  assert.equal(found.JOINED, 'p-fast-$(LATER)-10.43.0.7');
  assert.equal(found.password, 'mine');
  assert.equal(found.FROM_MAP, 'fast');
  assert.equal(found.IP, '10.0.0.1');
  assert.equal(found.CPUS, '4');
  assert.equal('OPTIONAL' in found, false);
  assert.equal('CFG_not=a name' in found, false);
});

test('what is missing and not optional is named', () => {
  const table: [Partial<Container>, string][] = [
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] },
      "couldn't find key k in ConfigMap default/settings",
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }] },
      "couldn't find key k in Secret default/key",
    ],
  ];
  for (const [container, message] of table)
    assert.throws(() => compose(container), { message, reason: 'CreateContainerConfigError' });
});

test('services are announced as Kubernetes does, headless ones are not', () => {
  assert.deepEqual(
    Object.fromEntries(
      serviceVariables([service, { ...service, spec: { clusterIP: 'None', ports: [{ port: 1 }] } }]),
    ),
    {
      REDIS_MAIN_SERVICE_HOST: '10.43.0.7',
      REDIS_MAIN_SERVICE_PORT: '6379',
      REDIS_MAIN_SERVICE_PORT_CLIENT: '6379',
      REDIS_MAIN_PORT: 'tcp://10.43.0.7:6379',
      REDIS_MAIN_PORT_6379_TCP: 'tcp://10.43.0.7:6379',
      REDIS_MAIN_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_MAIN_PORT_6379_TCP_PORT: '6379',
      REDIS_MAIN_PORT_6379_TCP_ADDR: '10.43.0.7',
      REDIS_MAIN_PORT_53_UDP: 'udp://10.43.0.7:53',
      REDIS_MAIN_PORT_53_UDP_PROTO: 'udp',
      REDIS_MAIN_PORT_53_UDP_PORT: '53',
      REDIS_MAIN_PORT_53_UDP_ADDR: '10.43.0.7',
    },
  );
});

test('fields of the pod', () => {
  const pod = podOf({ serviceAccountName: 'robot' });
  pod.metadata.labels = { b: 'two', a: 'one "quoted"' };
  const context = { pod, addresses: ['10.0.0.1', 'fd00::1'], hostAddress: '192.0.2.1', nodeName: 'host-1' };
  const table: [string, string | undefined][] = [
    ['metadata.name', 'web'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['b']", 'two'],
    ["metadata.labels['c']", ''],
    ['metadata.labels', 'a="one \\"quoted\\""\nb="two"'],
    ['metadata.annotations', ''],
    ['spec.nodeName', 'host-1'],
    ['spec.serviceAccountName', 'robot'],
    ['status.hostIP', '192.0.2.1'],
    ['status.podIP', '10.0.0.1'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
    ['status.phase', undefined],
  ];
  for (const [path, want] of table) assert.equal(fieldValue(path, context), want, path);
});

test('resources in units of their divisor, rounded up', () => {
  const container: Container = {
    name: 'main',
    resources: { limits: { cpu: '1500m', memory: '100Mi' }, requests: { memory: '50Mi' } },
  };
  const context = { container, allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '10Gi' } };
  const table: [string, string | undefined, string | undefined][] = [
    ['limits.cpu', undefined, '2'],
    ['limits.cpu', '1m', '1500'],
    ['limits.cpu', '0', '2'],
    ['requests.cpu', undefined, '0'],
    ['limits.memory', '1Mi', '100'],
    ['requests.memory', undefined, '52428800'],
    ['limits.ephemeral-storage', '1Gi', '10'],
    ['limits.gpu', undefined, undefined],
  ];
  for (const [resource, divisor, want] of table) {
    assert.equal(
      resourceValue({ resource, ...(divisor === undefined ? {} : { divisor }) }, context),
      want,
      resource,
    );
  }
});
