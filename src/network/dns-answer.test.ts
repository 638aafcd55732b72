import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterNames } from '#network/cluster-names.ts';
import { answerQuestion, type DnsLookup } from '#network/dns-answer.ts';
import { pod, service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { rangesOf } from '#network/site-network.ts';

const http = { name: 'http', port: 80 };
const lookup: DnsLookup = {
  ranges: rangesOf(testNetwork),
  dnsAddress: '10.60.1.1',
  names: clusterNames({
    services: [
      service('web', '10.61.1.10', {
        ports: [http, { port: 81 }, { name: 'coap', port: 5683, protocol: 'UDP' }],
      }),
      service('db', 'None'),
      service('eager', 'None', { publishNotReadyAddresses: true }),
      service('empty', 'None'),
      service('six', 'fd00::10'),
      service('api', '', { type: 'ExternalName', externalName: 'API.example.com.' }),
      service('web', '10.61.1.11', { namespace: 'other' }),
    ],
    slices: [
      slice('web', ['10.60.1.20']),
      slice(
        'db',
        [
          { addresses: ['10.60.1.5'], hostname: 'db-0', conditions: { ready: true } },
          { addresses: ['10.60.1.6'], hostname: 'db-1', conditions: { ready: false } },
          { addresses: ['10.60.1.7'] },
        ],
        { ports: [{ name: 'sql', port: 5432 }] },
      ),
      slice('eager', [{ addresses: ['10.60.1.8'], hostname: 'eager-0', conditions: { ready: false } }]),
    ],
    pods: [
      pod('web-1', '10.60.1.20'),
      { ...pod('done', '10.60.1.21'), status: { phase: 'Succeeded', podIP: '10.60.1.21' } },
    ],
  }),
};

/** An answer on one line: records and, after a bar, additional ones; or what else it is. */
function answer(name: string, type: string): string {
  const result = answerQuestion({ name, type }, lookup);
  if (result.type === 'noSuchName' || result.type === 'elsewhere') return result.type;
  const line = (records: readonly object[]): string =>
    records
      .map((record) =>
        'data' in record
          ? typeof record.data === 'string'
            ? record.data
            : JSON.stringify(record.data)
          : 'SOA',
      )
      .join(' ');
  if (result.type === 'alias') return `alias ${line(result.records)}`;
  return [line(result.records), line(result.additionals)].filter((text) => text !== '').join(' | ');
}

const ZONE = 'cluster.local';
const situations: [string, string, string][] = [
  ['web.default.svc', 'A', '10.61.1.10'],
  ['WEB.Default.svc', 'A', '10.61.1.10'],
  ['web.other.svc', 'A', '10.61.1.11'],
  ['web.default.svc', 'AAAA', ''],
  ['web.default.svc', 'UNKNOWN_65', ''],
  ['six.default.svc', 'A', ''],
  ['none.default.svc', 'A', 'noSuchName'],
  ['web.nowhere.svc', 'A', 'noSuchName'],
  ['_http._tcp.web.default.svc', 'SRV', '{"port":80,"target":"web.default.svc.cluster.local"} | 10.61.1.10'],
  [
    '_coap._udp.web.default.svc',
    'SRV',
    '{"port":5683,"target":"web.default.svc.cluster.local"} | 10.61.1.10',
  ],
  ['_http._udp.web.default.svc', 'SRV', 'noSuchName'],
  ['_http._tcp.web.default.svc', 'A', ''],
  ['_tcp.web.default.svc', 'SRV', ''],
  ['10-60-1-20.web.default.svc', 'A', '10.60.1.20'],
  ['db.default.svc', 'A', '10.60.1.5 10.60.1.7'],
  ['db-0.db.default.svc', 'A', '10.60.1.5'],
  ['db-1.db.default.svc', 'A', 'noSuchName'],
  ['10-60-1-7.db.default.svc', 'A', '10.60.1.7'],
  [
    '_sql._tcp.db.default.svc',
    'SRV',
    '{"port":5432,"target":"db-0.db.default.svc.cluster.local"} {"port":5432,"target":"10-60-1-7.db.default.svc.cluster.local"} | 10.60.1.5 10.60.1.7',
  ],
  ['eager-0.eager.default.svc', 'A', '10.60.1.8'],
  ['empty.default.svc', 'A', 'noSuchName'],
  ['api.default.svc', 'A', 'alias api.example.com'],
  ['api.default.svc', 'AAAA', 'alias api.example.com'],
  ['api.default.svc', 'CNAME', 'api.example.com'],
  ['x.api.default.svc', 'A', 'noSuchName'],
  ['10-60-1-20.default.pod', 'A', '10.60.1.20'],
  ['10-60-1-21.default.pod', 'A', 'noSuchName'],
  ['10-60-1-20.other.pod', 'A', 'noSuchName'],
  ['default.pod', 'A', ''],
  ['default.svc', 'A', ''],
  ['svc', 'A', ''],
  ['dns-version', 'TXT', '1.1.0'],
  ['ns.dns', 'A', '10.60.1.1'],
  ['web.default.svc.cluster.local.default.svc', 'A', 'noSuchName'],
  ['example.com.default.svc', 'A', 'noSuchName'],
  ['other', 'A', 'noSuchName'],
];

for (const [name, type, expected] of situations) {
  test(`${type} of ${name}.${ZONE} is ${expected === '' ? 'empty' : expected}`, () => {
    assert.equal(answer(`${name}.${ZONE}`, type), expected);
  });
}

test('the zone itself has its SOA and name server', () => {
  assert.equal(answer(ZONE, 'SOA'), 'SOA | 10.60.1.1');
  assert.equal(answer(`${ZONE}.`, 'NS'), 'ns.dns.cluster.local | 10.60.1.1');
});

test('addresses of the site have names, or none; other addresses are asked elsewhere', () => {
  const cases: [string, string][] = [
    ['10.1.61.10', 'web.default.svc.cluster.local'],
    ['5.1.60.10', 'db-0.db.default.svc.cluster.local'],
    ['7.1.60.10', '10-60-1-7.db.default.svc.cluster.local'],
    ['99.1.60.10', 'noSuchName'],
    ['1.2.60.10', 'elsewhere'],
    ['8.8.8.8', 'elsewhere'],
  ];
  for (const [reversed, expected] of cases)
    assert.equal(answer(`${reversed}.in-addr.arpa`, 'PTR'), expected, reversed);
});

test('names beyond the site are asked elsewhere', () => {
  for (const name of ['example.com', 'xcluster.local', 'local', '', 'web.default.svc'])
    assert.equal(answer(name, 'A'), 'elsewhere', name);
});

test('a denial names the zone that denies, so that it can be remembered', () => {
  const denial = (name: string): unknown => answerQuestion({ name, type: 'A' }, lookup);
  assert.deepEqual(denial('x.cluster.local'), { type: 'noSuchName', zone: 'cluster.local' });
  assert.deepEqual(denial('99.1.60.10.in-addr.arpa'), { type: 'noSuchName', zone: '1.60.10.in-addr.arpa' });
});
