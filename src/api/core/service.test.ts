import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Service, type ServiceSpec, serviceResource } from '#api/core/service.ts';
import { fieldErrorMessage } from '#api/status.ts';

const NOW_MS = Date.parse('2026-11-21T10:00:00Z');

function service(spec: ServiceSpec, status?: Service['status']): Service {
  const made: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-21T09:00:00Z',
    },
    spec: structuredClone(spec),
    ...(status === undefined ? {} : { status }),
  };
  serviceResource.applyDefaults(made);
  return made;
}

function messages(spec: ServiceSpec, old?: ServiceSpec): string[] {
  return serviceResource
    .validate(service(spec), old === undefined ? undefined : service(old))
    .map(fieldErrorMessage);
}

test('a service is filled in as Kubernetes fills it in', () => {
  assert.deepEqual(service({ ports: [{ port: 80 }], selector: { app: 'web' } }).spec, {
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    selector: { app: 'web' },
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
  });
  const balanced = service({
    type: 'LoadBalancer',
    sessionAffinity: 'ClientIP',
    clusterIP: '10.43.0.9',
    ports: [{ port: 80 }],
  }).spec;
  assert.equal(balanced.externalTrafficPolicy, 'Cluster');
  assert.equal(balanced.allocateLoadBalancerNodePorts, true);
  assert.deepEqual(balanced.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10800 } });
  assert.deepEqual(balanced.clusterIPs, ['10.43.0.9']);
});

test('a wrong service is told in the words of Kubernetes', () => {
  const ports = [{ port: 80 }];
  const cases: [ServiceSpec, string][] = [
    [{}, 'spec.ports: Required value'],
    [
      { ports: [{ port: 0, targetPort: 80 }] },
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [{ ports: [{ port: 80 }, { port: 81, name: 'b' }] }, 'spec.ports[0].name: Required value'],
    [
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      },
      'spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}',
    ],
    [
      { ports: [{ port: 80, nodePort: 30000 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      { ports, type: 'Odd' as never },
      'spec.type: Unsupported value: "Odd": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      { ports, type: 'NodePort', clusterIP: 'None' },
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ],
    [
      { ports, clusterIP: '10.0.0.256' },
      'spec.clusterIPs[0]: Invalid value: "10.0.0.256": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      { ports, externalTrafficPolicy: 'Local' },
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    [
      { ports: [{ port: 80, targetPort: 'Web_Port' }] },
      'spec.ports[0].targetPort: Invalid value: "Web_Port": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    ],
  ];
  for (const [spec, wanted] of cases) assert.deepEqual(messages(spec), [wanted]);
  assert.deepEqual(messages({ clusterIP: 'None', selector: { app: 'web' } }), []);
});

test('an address stays until the service becomes a mere name', () => {
  const ports = [{ port: 80 }];
  assert.deepEqual(messages({ ports, clusterIP: '10.0.0.2' }, { ports, clusterIP: '10.0.0.1' }), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
  ]);
  assert.deepEqual(messages({ ports, clusterIP: '10.0.0.1' }, { ports }), []);
  assert.deepEqual(
    messages({ type: 'ExternalName', externalName: 'a.example' }, { ports, clusterIP: '10.0.0.1' }),
    [],
  );
});

test('the columns of a service', () => {
  const cells = (made: Service): unknown[] =>
    serviceResource.columns.map((column) => column.cell(made, NOW_MS)).slice(1, 5);
  assert.deepEqual(cells(service({ clusterIP: '10.43.0.1', ports: [{ port: 443 }] })), [
    'ClusterIP',
    '10.43.0.1',
    '<none>',
    '443/TCP',
  ]);
  const nodePort = {
    type: 'LoadBalancer',
    clusterIP: '10.43.0.2',
    ports: [
      { port: 80, nodePort: 30080 },
      { port: 53, protocol: 'UDP' },
    ],
  } as const;
  assert.deepEqual(cells(service(structuredClone(nodePort) as unknown as ServiceSpec)), [
    'LoadBalancer',
    '10.43.0.2',
    '<pending>',
    '80:30080/TCP,53/UDP',
  ]);
  const granted = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example' }] } };
  assert.equal(
    cells(service(structuredClone(nodePort) as unknown as ServiceSpec, granted))[2],
    '192.0.2.1,lb.example',
  );
  assert.deepEqual(cells(service({ type: 'ExternalName', externalName: 'a.example' })), [
    'ExternalName',
    '<none>',
    'a.example',
    '<none>',
  ]);
});
