import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { podOf } from '#kubelet/pod-facts.fixture.ts';
import { dnsConfigOf, parseResolvConf } from '#kubelet/sandbox/dns.ts';
import { hostsFile } from '#kubelet/sandbox/hosts-file.ts';
import { sandboxConfigOf } from '#kubelet/sandbox/sandbox-config.ts';

const host = parseResolvConf(
  '# made by hand\nnameserver 192.0.2.53\nsearch example.com\noptions timeout:1\n',
);
const cluster = { serverAddresses: ['10.43.0.10'], domain: 'cluster.local' };
const inCluster = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'];

const DNS: readonly [
  string,
  Partial<PodSpec>,
  { servers: string[]; searches: string[]; options: string[] },
][] = [
  ['by default of the cluster', {}, { servers: ['10.43.0.10'], searches: inCluster, options: ['ndots:5'] }],
  [
    'of the host where so asked',
    { dnsPolicy: 'Default' },
    { servers: ['192.0.2.53'], searches: ['example.com'], options: ['timeout:1'] },
  ],
  [
    'of the host on its network',
    { hostNetwork: true },
    { servers: ['192.0.2.53'], searches: ['example.com'], options: ['timeout:1'] },
  ],
  [
    'of the cluster on the host network where so asked',
    { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    { servers: ['10.43.0.10'], searches: inCluster, options: ['ndots:5'] },
  ],
  [
    'of its own',
    {
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['1.1.1.1'],
        searches: ['mine'],
        options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }],
      },
    },
    { servers: ['1.1.1.1'], searches: ['mine'], options: ['ndots:1', 'edns0'] },
  ],
  [
    'merged',
    {
      dnsConfig: {
        nameservers: ['1.1.1.1'],
        searches: ['svc.cluster.local', 'mine'],
        options: [{ name: 'ndots', value: '2' }],
      },
    },
    { servers: ['1.1.1.1', '10.43.0.10'], searches: [...inCluster, 'mine'], options: ['ndots:2'] },
  ],
];

for (const [what, spec, want] of DNS)
  test(`a pod's resolver is ${what}`, () =>
    assert.deepEqual(dnsConfigOf(podOf(spec), { cluster, host }), want));

test('the hosts file has the pod and its aliases', () => {
  const pod = podOf({ subdomain: 'db', hostAliases: [{ ip: '192.0.2.7', hostnames: ['a', 'b'] }] });
  const lines = hostsFile(pod, {
    addresses: ['10.0.0.1'],
    hostFile: '',
    clusterDomain: 'cluster.local',
  }).split('\n');
  assert.ok(lines.includes('10.0.0.1\tweb.db.default.svc.cluster.local\tweb'));
  assert.ok(lines.includes('192.0.2.7\ta\tb'));
  const shared = hostsFile(podOf({ hostNetwork: true }), {
    addresses: [],
    hostFile: '127.0.0.1 me\n',
    clusterDomain: '',
  });
  assert.equal(shared, '# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n');
});

test('a sandbox is what the spec asks for', () => {
  const pod = podOf({
    hostname: 'a'.repeat(70),
    shareProcessNamespace: true,
    securityContext: {
      runAsUser: 5,
      fsGroup: 6,
      supplementalGroups: [7],
      sysctls: [{ name: 'net.core.somaxconn', value: '1024' }],
    },
    containers: [
      {
        name: 'main',
        ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }],
        securityContext: { privileged: true },
      },
    ],
  });
  const context = {
    attempt: 3,
    logFolder: '/logs',
    dns: host,
    clusterDomain: 'cluster.local',
    cgroupParent: '/pods',
    nodeName: 'host-1',
  };
  const config = sandboxConfigOf(pod, context);
  assert.equal(config.hostname, 'a'.repeat(63));
  assert.deepEqual(config.ports, [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '' }]);
  assert.deepEqual(config.security, { runAsUser: 5, supplementalGroups: [7, 6], privileged: true });
  assert.deepEqual(config.sysctls, { 'net.core.somaxconn': '1024' });
  assert.equal(config.cgroupParent, '/pods');
  const shared = sandboxConfigOf({ ...pod, spec: { ...pod.spec, hostNetwork: true } }, context);
  assert.deepEqual([shared.hostname, shared.ports.length, shared.hostNetwork], ['host-1', 0, true]);
});
