import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockOf, contains, parseIpv4 } from '#network/ipv4.ts';
import { type NftTable, renderTable } from '#network/nft-table.ts';
import { pod, service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { serviceRules } from '#network/service-rules.ts';
import type { ServiceState } from '#network/service-sources.ts';
import { serviceStates } from '#network/service-states.fixture.ts';

const GOLDEN = new URL('service-rules.golden.nft', import.meta.url);

function rulesOf(state: Partial<ServiceState>, bridgeNetfilter = true): ReturnType<typeof serviceRules> {
  return serviceRules(
    { services: [], slices: [], pods: [], ...state },
    { network: testNetwork, bridgeNetfilter },
  );
}

function keysOf(table: NftTable, set: string): string[] {
  return [...(table.sets.get(set)?.elements.keys() ?? [])];
}

function chainOf(table: NftTable, name: string): readonly string[] | undefined {
  return table.chains.get(name)?.rules;
}

/** One of each: what people read when they ask what a site does to packets. */
const everything: ServiceState = {
  services: [
    service('web', '10.61.1.10', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30_080 }] }),
    service('db', '10.61.1.11', {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
    }),
    service('dns', '10.61.1.12', {
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53 },
      ],
    }),
    service('empty', '10.61.1.13', {
      type: 'NodePort',
      ports: [{ port: 80, nodePort: 30_081 }],
      externalIPs: ['192.0.2.81'],
    }),
    {
      ...service('shop', '10.61.1.14', {
        type: 'LoadBalancer',
        externalIPs: ['192.0.2.80'],
        loadBalancerSourceRanges: ['198.51.100.0/24', '198.51.100.7/32'],
      }),
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.90' }] } },
    },
    service('legacy', '10.61.1.15'),
    service('headless', 'None'),
    service('elsewhere', '', { type: 'ExternalName', externalName: 'example.com' }),
  ],
  slices: [
    slice('web', ['10.60.1.5', '10.60.1.6'], { ports: [{ name: 'http', port: 8080 }] }),
    slice('db', ['10.60.1.7', '10.60.1.8'], { ports: [{ port: 5432 }] }),
    slice('dns', ['10.60.1.9'], {
      ports: [
        { name: 'dns', port: 5353, protocol: 'UDP' },
        { name: 'dns-tcp', port: 5353 },
      ],
    }),
    slice('shop', ['10.60.1.10']),
    slice('legacy', ['192.168.7.9'], { ports: [{ port: 1433 }] }),
    slice('headless', ['10.60.1.11']),
  ],
  pods: [
    pod('broker', '10.60.1.12', [
      { containerPort: 1883, hostPort: 1883 },
      { containerPort: 9001, hostPort: 9001, hostIP: '127.0.0.1' },
      { containerPort: 14_567, hostPort: 14_567, protocol: 'UDP' },
    ]),
  ],
};

test('the table of a site with one of each is the golden one', () => {
  const { table, problems } = rulesOf(everything);
  assert.deepEqual(problems, []);
  const text = renderTable(table);
  if (process.env['SKERRY_WRITE_GOLDEN'] !== undefined) writeFileSync(GOLDEN, text);
  assert.equal(text, readFileSync(GOLDEN, 'utf8'));
});

test('the same objects in another order give the same table', () => {
  const reversed: ServiceState = {
    services: everything.services.toReversed(),
    slices: everything.slices.toReversed(),
    pods: everything.pods.toReversed(),
  };
  assert.equal(renderTable(rulesOf(reversed).table), renderTable(rulesOf(everything).table));
});

test('a service without endpoints is refused on its outside addresses and ports', () => {
  const { table } = rulesOf({
    services: [service('web', '10.61.1.10', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })],
  });
  assert.deepEqual(keysOf(table, 'served-addresses'), []);
  assert.deepEqual(keysOf(table, 'refused-addresses'), ['10.61.1.10 . tcp . 80']);
  assert.deepEqual(keysOf(table, 'refused-ports'), ['tcp . 30080']);
  assert.equal(chainOf(table, 'service/default/web/tcp/80'), undefined);
});

test('without bridge netfilter, every client on the bridge is masqueraded', () => {
  const services = [service('web', '10.61.1.10')];
  const slices = [slice('web', ['10.60.1.5'])];
  const within = 'ct status dnat ip saddr 10.60.1.0/24 ip daddr 10.60.1.0/24 masquerade fully-random';
  assert.ok(chainOf(rulesOf({ services, slices }, false).table, 'masquerade-sources')?.includes(within));
  assert.ok(!chainOf(rulesOf({ services, slices }, true).table, 'masquerade-sources')?.includes(within));
});

test('what must not be forwarded is left out, with the reason', () => {
  const slices = ['a', 'b'].map((name) => slice(name, ['10.60.1.5']));
  const cases: [string, Partial<ServiceState>, RegExp][] = [
    [
      'a foreign cluster IP',
      { services: [service('a', '10.61.2.1')] },
      /cluster IP 10\.61\.2\.1 is outside of .* 10\.61\.1\.0\/24/u,
    ],
    ['IPv6', { services: [service('a', 'fd00::1')] }, /no IPv4 cluster IP/u],
    [
      'SCTP',
      { services: [service('a', '10.61.1.1', { ports: [{ port: 80, protocol: 'SCTP' }] })] },
      /protocol SCTP is not forwarded/u,
    ],
    [
      'an external IP of another site',
      { services: [service('a', '10.61.1.1', { externalIPs: ['10.60.2.1'] })] },
      /10\.60\.2\.1 is the host's own or reserved/u,
    ],
    [
      'an external IP on loopback',
      { services: [service('a', '10.61.1.1', { externalIPs: ['127.0.0.1'] })] },
      /127\.0\.0\.1 is the host's own/u,
    ],
    [
      'a cluster IP that another has',
      { services: [service('a', '10.61.1.1'), service('b', '10.61.1.1')] },
      /tcp 10\.61\.1\.1:80 belongs to service\/default\/a\/tcp\/80 already/u,
    ],
    [
      'a host port that another pod has',
      {
        pods: [
          pod('p', '10.60.1.5', [{ containerPort: 1, hostPort: 53 }]),
          pod('q', '10.60.1.6', [{ containerPort: 1, hostPort: 53 }]),
        ],
      },
      /tcp host port 53 belongs to host-port\/tcp\/53 already/u,
    ],
    [
      'a host IP of another site',
      { pods: [pod('p', '10.60.1.5', [{ containerPort: 1, hostPort: 53, hostIP: '10.60.2.1' }])] },
      /host IP 10\.60\.2\.1 is not/u,
    ],
  ];
  for (const [name, state, message] of cases) {
    const { problems } = rulesOf({ slices, ...state });
    assert.equal(problems.length, 1, name);
    assert.match(problems[0]?.message ?? '', message, name);
  }
});

test('host ports of pods that ended, use the host network or run elsewhere lead nowhere', () => {
  const ports = [{ containerPort: 80, hostPort: 80 }];
  const ended = {
    ...pod('a', '10.60.1.5', ports),
    status: { phase: 'Succeeded', podIP: '10.60.1.5' } as const,
  };
  const host = pod('b', '192.0.2.2', ports);
  host.spec.hostNetwork = true;
  const { table } = rulesOf({ pods: [ended, host, pod('c', '10.60.2.5', ports)] });
  assert.deepEqual(keysOf(table, 'served-ports'), []);
});

test('whatever the objects say, only own addresses and declared outside ones are matched', () => {
  const own = blockOf(testNetwork.serviceCidr);
  const reserved = testNetwork.reservedCidrs.map(blockOf);
  fc.assert(
    fc.property(serviceStates(), (state) => {
      const { table } = rulesOf(state);
      for (const key of [...keysOf(table, 'served-addresses'), ...keysOf(table, 'refused-addresses')]) {
        const address = parseIpv4(key.split(' . ')[0] ?? '') ?? 0;
        assert.ok(contains(own, address) || !reserved.some((block) => contains(block, address)), key);
      }
      for (const [key, verdict] of table.sets.get('served-addresses')?.elements ?? []) {
        assert.ok(table.chains.has(verdict.replace('goto ', '')), `${key} leads to ${verdict}`);
      }
    }),
    { numRuns: 300 },
  );
});
