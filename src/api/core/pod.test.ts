import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { fieldErrorMessage } from '#api/status.ts';

function pod(spec: Partial<PodSpec> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-21T10:00:00Z',
    },
    spec: { containers: [{ name: 'web', image: 'nginx:1.27' }], ...spec },
  };
}

function defaulted(spec: Partial<PodSpec> = {}): Pod {
  const made = pod(structuredClone(spec));
  podResource.applyDefaults(made);
  return made;
}

function messages(spec: Partial<PodSpec>): string[] {
  return podResource.validate(defaulted(spec), undefined).map(fieldErrorMessage);
}

test('a pod is filled in as Kubernetes fills it in', () => {
  assert.deepEqual(defaulted().spec, {
    containers: [
      {
        name: 'web',
        image: 'nginx:1.27',
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        resources: {},
      },
    ],
    enableServiceLinks: true,
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  });
  assert.deepEqual(defaulted().status, { phase: 'Pending', qosClass: 'BestEffort' });
});

test('the image says when it is pulled', () => {
  const cases: [string, string][] = [
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['registry:5000/nginx', 'Always'],
    ['registry:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:aa', 'IfNotPresent'],
    ['nginx:latest@sha256:aa', 'IfNotPresent'],
  ];
  for (const [image, policy] of cases) {
    assert.equal(
      defaulted({ containers: [{ name: 'a', image }] }).spec.containers[0]?.imagePullPolicy,
      policy,
      image,
    );
  }
});

test('probes, ports, volumes and requests are filled in', () => {
  const { spec } = defaulted({
    hostNetwork: true,
    serviceAccountName: 'robot',
    containers: [
      {
        name: 'a',
        image: 'a:1',
        ports: [{ containerPort: 80 }],
        readinessProbe: { httpGet: { port: 80 } },
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
      },
    ],
    volumes: [
      { name: 'v' },
      { name: 'c', configMap: { name: 'c' } },
      { name: 'h', hostPath: { path: '/x' } },
    ],
  });
  const [container] = spec.containers;
  assert.deepEqual(container?.ports, [{ containerPort: 80, protocol: 'TCP', hostPort: 80 }]);
  assert.deepEqual(container?.readinessProbe, {
    httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    failureThreshold: 3,
    periodSeconds: 10,
    successThreshold: 1,
    timeoutSeconds: 1,
  });
  assert.deepEqual(container?.resources?.requests, { cpu: '500m', memory: '1Gi' });
  assert.equal(spec.serviceAccount, 'robot');
  assert.deepEqual(spec.volumes, [
    { name: 'v', emptyDir: {} },
    { name: 'c', configMap: { name: 'c', defaultMode: 420 } },
    { name: 'h', hostPath: { path: '/x', type: '' } },
  ]);
});

test('quality of service follows from requests and limits', () => {
  const qos = (resources: object): string | undefined =>
    defaulted({ containers: [{ name: 'a', image: 'a', resources }] }).status?.qosClass;
  assert.equal(qos({ limits: { cpu: '1', memory: '1Gi' } }), 'Guaranteed');
  assert.equal(
    qos({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }),
    'Guaranteed',
  );
  assert.equal(qos({ limits: { cpu: '1' } }), 'Burstable');
  assert.equal(qos({ requests: { memory: '1' } }), 'Burstable');
  assert.equal(qos({ limits: { 'example.com/gpu': '1' } }), 'BestEffort');
});

test('a missing field is its zero value', () => {
  const nothing = { ...pod(), spec: {} } as unknown as Pod;
  podResource.applyDefaults(nothing);
  assert.deepEqual(podResource.validate(nothing, undefined).map(fieldErrorMessage), [
    'spec.containers: Required value',
  ]);
  assert.deepEqual(messages({ containers: [{ image: 'a' } as never] }), [
    'spec.containers[0].name: Required value',
  ]);
});

const A = { name: 'a', image: 'a' };
const MOUNT = { name: 'data', mountPath: '/data' };

test('each wrong field is named in the words of Kubernetes', () => {
  const cases: [Partial<PodSpec>, string][] = [
    [{ containers: [] }, 'spec.containers: Required value'],
    [{ containers: [A, A] }, 'spec.containers[1].name: Duplicate value: "a"'],
    [{ containers: [A], initContainers: [A] }, 'spec.initContainers[0].name: Duplicate value: "a"'],
    [{ containers: [{ name: 'a' }] }, 'spec.containers[0].image: Required value'],
    [
      { containers: [{ ...A, image: ' a' }] },
      'spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace',
    ],
    [
      { containers: [{ ...A, imagePullPolicy: 'Sometimes' as never }] },
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      { containers: [{ ...A, ports: [{ containerPort: 0 }] }] },
      'spec.containers[0].ports[0].containerPort: Required value',
    ],
    [
      { containers: [{ ...A, volumeMounts: [MOUNT] }] },
      'spec.containers[0].volumeMounts[0].name: Not found: "data"',
    ],
    [
      { volumes: [{ name: 'data' }], containers: [{ ...A, volumeMounts: [MOUNT, MOUNT] }] },
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique',
    ],
    [
      { volumes: [{ name: 'data' }], containers: [{ ...A, volumeMounts: [{ ...MOUNT, subPath: '../x' }] }] },
      'spec.containers[0].volumeMounts.subPath: Invalid value: "../x": must not contain \'..\'',
    ],
    [
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] },
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    ],
    [
      { containers: [{ ...A, resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }] },
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      { containers: [{ ...A, livenessProbe: {} }] },
      'spec.containers[0].livenessProbe: Required value: must specify a handler type',
    ],
    [
      { containers: [{ ...A, livenessProbe: { exec: { command: ['x'] }, successThreshold: 2 } }] },
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    ],
    [
      { initContainers: [{ ...A, readinessProbe: { exec: { command: ['x'] } } }] },
      'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
    [
      {
        containers: [
          { ...A, env: [{ name: 'X', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
        ],
      },
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
    [
      { restartPolicy: 'Sometimes' as never },
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      { dnsPolicy: 'None' },
      'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
    ],
    [
      { activeDeadlineSeconds: 0 },
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
    [
      { tolerations: [{ operator: 'Exists', value: 'x' }] },
      'spec.tolerations[0].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\'',
    ],
    [
      { hostNetwork: true, containers: [{ ...A, ports: [{ containerPort: 80, hostPort: 81 }] }] },
      'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
    ],
    [
      { hostPID: true, shareProcessNamespace: true },
      'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    ],
    [
      {
        topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
      },
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    ],
    [{ nodeSelector: { 'a/b/c': 'x' } }, 'spec.nodeSelector: Invalid value: "a/b/c": a qualified name'],
  ];
  for (const [spec, wanted] of cases) {
    const found = messages(spec);
    assert.equal(found.length, 1, `${wanted}\n${found.join('\n')}`);
    assert.ok(found[0]?.startsWith(wanted), `${found[0]}\n${wanted}`);
  }
});

test('a sidecar may have probes, and ports of the host are given away once', () => {
  const sidecar = {
    ...A,
    name: 'side',
    restartPolicy: 'Always',
    readinessProbe: { tcpSocket: { port: 80 } },
  };
  assert.deepEqual(messages({ initContainers: [sidecar] }), []);
  const port = { containerPort: 80, hostPort: 8080 };
  const twice = [
    { ...A, ports: [port] },
    { ...A, name: 'b', ports: [{ ...port, containerPort: 81 }] },
  ];
  assert.deepEqual(messages({ containers: twice }), [
    'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//8080"',
  ]);
});

function changeMessages(spec: Partial<PodSpec>, old: Partial<PodSpec> = {}, subresource?: string): string[] {
  return podResource.validate(defaulted(spec), defaulted(old), subresource).map(fieldErrorMessage);
}

test('a pod may change its images, deadline and tolerations, and little else', () => {
  const toleration = { key: 'a', operator: 'Exists' } as const;
  const allowed: [Partial<PodSpec>, Partial<PodSpec>][] = [
    [{ containers: [{ name: 'web', image: 'nginx:1.28', imagePullPolicy: 'IfNotPresent' }] }, {}],
    [{ activeDeadlineSeconds: 5 }, { activeDeadlineSeconds: 10 }],
    [{ activeDeadlineSeconds: 5 }, {}],
    [{ tolerations: [toleration, { key: 'b', operator: 'Exists' }] }, { tolerations: [toleration] }],
    [{}, { schedulingGates: [{ name: 'a.io/gate' }] }],
  ];
  for (const [spec, old] of allowed) assert.deepEqual(changeMessages(spec, old), []);
  const refused: [Partial<PodSpec>, Partial<PodSpec>][] = [
    [{ hostname: 'x' }, {}],
    [{ nodeName: 'node-1' }, {}],
    [{ containers: [A] }, {}],
    [{ activeDeadlineSeconds: 20 }, { activeDeadlineSeconds: 10 }],
    [{}, { activeDeadlineSeconds: 10 }],
    [{}, { tolerations: [toleration] }],
    [{ schedulingGates: [{ name: 'a.io/gate' }] }, {}],
    [{ terminationGracePeriodSeconds: 5 }, {}],
  ];
  for (const [spec, old] of refused) assert.equal(changeMessages(spec, old).length, 1, JSON.stringify(spec));
  assert.match(
    changeMessages({ hostname: 'x' }).join(),
    /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`/,
  );
});

test('a field that is only filled in has not been changed', () => {
  const stored = pod({ volumes: [{ name: 'token', projected: {} }] });
  const next = structuredClone(stored);
  podResource.applyDefaults(next);
  assert.deepEqual(podResource.validate(next, stored), []);
});

test('binding sets the node once, and each other subresource its own field', () => {
  assert.deepEqual(changeMessages({ nodeName: 'node-1' }, {}, 'binding'), []);
  assert.deepEqual(changeMessages({ nodeName: 'node-2' }, { nodeName: 'node-1' }, 'binding'), [
    'spec.nodeName: Forbidden: pod is already assigned to node "node-1"',
  ]);
  assert.equal(changeMessages({ nodeName: 'node-1', hostname: 'x' }, {}, 'binding').length, 1);
  const debug = [{ name: 'debug', image: 'busybox' }];
  assert.deepEqual(changeMessages({ ephemeralContainers: debug }, {}, 'ephemeralcontainers'), []);
  assert.equal(changeMessages({}, { ephemeralContainers: debug }, 'ephemeralcontainers').length, 1);
  assert.equal(changeMessages({ ephemeralContainers: debug }).length, 1);
});

function warnings(spec: Partial<PodSpec>, annotations: Record<string, string> = {}): readonly string[] {
  const made = defaulted(spec);
  made.metadata.annotations = annotations;
  return podResource.warnings?.(made, undefined) ?? [];
}

test('a client is told of what is valid in a pod and surprising', () => {
  const B = { name: 'b', image: 'b' };
  const port = { containerPort: 80 };
  const items = [
    { key: 'a', path: 'p' },
    { key: 'b', path: 'p/q' },
  ];
  const cases: [Partial<PodSpec>, string][] = [
    [
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
    [
      { volumes: [{ name: 'v', rbd: { monitors: ['m'], image: 'i' } }] },
      'spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+',
    ],
    [
      { volumes: [{ name: 'v', configMap: { name: 'c', items } }] },
      'volume "v" (ConfigMap "c"): overlapping paths: "p/q" with "p"',
    ],
    [
      { hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }] },
      'spec.hostAliases[1].ip: duplicate ip "1.2.3.4"',
    ],
    [{ imagePullSecrets: [{}] }, 'spec.imagePullSecrets[0].name: invalid empty name ""'],
    [
      { containers: [{ ...A, resources: { requests: { memory: '500m' } } }] },
      'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    ],
    [
      {
        containers: [
          {
            ...A,
            env: [
              { name: 'X', value: 'a' },
              { name: 'X', value: 'b' },
            ],
          },
        ],
      },
      'spec.containers[0].env[1]: hides previous definition of "X", which may be dropped when using apply',
    ],
    [
      {
        containers: [
          { ...A, ports: [port] },
          { ...B, ports: [port] },
        ],
      },
      'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
    ],
    [
      {
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
      },
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    ],
  ];
  for (const [spec, wanted] of cases) assert.deepEqual(warnings(spec), [wanted]);
  assert.deepEqual(warnings({}, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }), [
    'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
  ]);
  assert.deepEqual(warnings({ containers: [{ ...A, env: [{ name: 'X', value: 'a' }] }] }), []);
});

test('a new pod says what it waits for, and by which profiles it is confined', () => {
  const made = defaulted({
    schedulingGates: [{ name: 'a.io/gate' }],
    securityContext: { appArmorProfile: { type: 'RuntimeDefault' } },
  });
  podResource.prepare?.(made, undefined);
  assert.deepEqual(
    made.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [['PodScheduled', 'False', 'SchedulingGated']],
  );
  assert.deepEqual(made.metadata.annotations, {
    'container.apparmor.security.beta.kubernetes.io/web': 'runtime/default',
  });
});

test('what no part of the system carries out is passed over', () => {
  const { spec } = defaulted({
    resources: {},
    resourceClaims: [{ name: 'c' }],
    volumes: [{ name: 'i', image: { reference: 'r' } }, { name: 'v' }],
    containers: [{ ...A, lifecycle: { stopSignal: 'SIGTERM' }, resources: { claims: [{ name: 'c' }] } }],
  });
  assert.deepEqual(spec.volumes, [{ name: 'v', emptyDir: {} }]);
  assert.deepEqual([spec.resources, spec.resourceClaims], [undefined, undefined]);
  assert.deepEqual([spec.containers[0]?.lifecycle, spec.containers[0]?.resources], [{}, {}]);
});

test('a template keeps a negative grace period, and its client is told', () => {
  assert.equal(defaulted({ terminationGracePeriodSeconds: -1 }).spec.terminationGracePeriodSeconds, 1);
  const template = { ...pod({ terminationGracePeriodSeconds: -1 }), kind: 'PodTemplate' };
  const told = templateWarnings(() => template, { namesPods: true });
  assert.deepEqual(told(template, undefined), [
    'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
  ]);
  assert.deepEqual(told(template, template), []);
});

test('a pod that waits at a gate may be narrowed down to fewer nodes', () => {
  const gated = { schedulingGates: [{ name: 'a.io/gate' }], nodeSelector: { a: 'b' } };
  const term = { matchExpressions: [{ key: 'a', operator: 'Exists' as const }] };
  const within = (nodeSelectorTerms: object[]): Partial<PodSpec> => ({
    ...gated,
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    } as never,
  });
  const more = { matchExpressions: [...term.matchExpressions, { key: 'b', operator: 'Exists' }] };
  assert.deepEqual(changeMessages({ ...gated, nodeSelector: { a: 'b', c: 'd' } }, gated), []);
  assert.deepEqual(changeMessages(within([term]), gated), []);
  assert.deepEqual(changeMessages(within([more]), within([term])), []);
  assert.match(
    changeMessages({ ...gated, nodeSelector: { c: 'd' } }, gated).join(),
    /^spec.nodeSelector: Invalid value: .*: only additions to spec.nodeSelector are allowed/,
  );
  assert.match(changeMessages(within([term]), within([more])).join(), /only additions are allowed/);
  assert.match(changeMessages(within([term, term]), within([term])).join(), /no additions\/deletions/);
  assert.equal(changeMessages({ nodeSelector: { a: 'b', c: 'd' } }, { nodeSelector: { a: 'b' } }).length, 1);
});

test('a pod keeps its containers, and the annotations that confine it', () => {
  assert.deepEqual(changeMessages({ containers: [A, { ...A, name: 'b' }] }), [
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ]);
  const key = 'container.apparmor.security.beta.kubernetes.io/web';
  const annotated = (annotations: Record<string, string>): Pod => {
    const made = defaulted();
    made.metadata.annotations = annotations;
    return made;
  };
  const change = (after: Record<string, string>, before: Record<string, string>): string[] =>
    podResource.validate(annotated(after), annotated(before)).map(fieldErrorMessage);
  assert.deepEqual(change({}, { [key]: 'unconfined' }), [
    `metadata.annotations[${key}]: Forbidden: may not remove or update AppArmor annotations`,
  ]);
  assert.deepEqual(change({ [key]: 'unconfined' }, {}), [
    `metadata.annotations[${key}]: Forbidden: may not add AppArmor annotations`,
  ]);
});

test('a status is judged when it is written', () => {
  const withStatus = (status: Pod['status']): Pod => ({
    ...defaulted({ restartPolicy: 'Never' }),
    status: { phase: 'Running', qosClass: 'BestEffort', ...status },
  });
  const ended = { name: 'web', state: { terminated: { exitCode: 0 } } };
  const before = withStatus({ containerStatuses: [ended as never] });
  const wrong = (status: Pod['status'], old = before): string[] =>
    podResource.validateStatus?.(withStatus(status), old).map(fieldErrorMessage) ?? [];
  assert.deepEqual(wrong({ containerStatuses: [ended as never] }), []);
  assert.deepEqual(wrong({ containerStatuses: [{ name: 'web', state: { running: {} } } as never] }), [
    'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
  assert.deepEqual(wrong({ qosClass: 'Guaranteed' }), [
    'status.qosClass: Invalid value: "Guaranteed": field is immutable',
  ]);
  assert.match(wrong({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }).join(), /no more than one IP/);
  assert.match(wrong({ conditions: [{ type: 'a b', status: 'True' }] }).join(), /conditions\[0\]\.Type/);
});
