import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';
import { ingressResource } from '#api/networking/ingress.ts';
import { ingressClassResource } from '#api/networking/ingress-class.ts';
import { ipAddressResource } from '#api/networking/ip-address.ts';
import { networkPolicyResource } from '#api/networking/network-policy.ts';
import { serviceCidrResource } from '#api/networking/service-cidr.ts';

const INGRESS_CLASS = {
  metadata: { name: 'web' },
  spec: { controller: 'example.com/web', parameters: { apiGroup: 'example.com', kind: 'Set', name: 'a' } },
};

test('a class of ingresses names its controller, and parameters in their scope', () => {
  const cases: [Change, string[]][] = [
    [['spec.parameters', undefined], []],
    [['spec.controller', ''], ['spec.controller: Required value']],
    [
      ['spec.controller', 'web'],
      ['spec.controller: Invalid value: "web": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [['spec.parameters.name', undefined], ['spec.parameters.name: Required value: name is required']],
    [
      ['spec.parameters.namespace', 'a'],
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
    [
      ['spec.parameters.scope', 'Namespace'],
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      ['spec.parameters.scope', 'a'],
      ['spec.parameters.scope: Unsupported value: "a": supported values: "Cluster", "Namespace"'],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(ingressClassResource, INGRESS_CLASS, { changes: [change] }), wanted);
});

const INGRESS = {
  metadata: { name: 'web' },
  spec: {
    rules: [
      {
        host: 'a.example.com',
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: 'a', port: { number: 80 } } } },
          ],
        },
      },
    ],
  },
};

test('an ingress has one whole backend for each path', () => {
  const path = 'spec.rules[0].http.paths[0]';
  const resource = { kind: 'Bucket', name: 'a' };
  const cases: [Change, string[]][] = [
    [[`${path}.backend`, { resource }], []],
    [
      [`${path}.backend`, {}],
      [`${path}.backend: Invalid value: "": resource or service backend is required`],
    ],
    [
      [`${path}.backend.resource`, resource],
      [`${path}.backend: Invalid value: "": cannot set both resource and service backends`],
    ],
    [[`${path}.backend.service.name`, undefined], [`${path}.backend.service.name: Required value`]],
    [
      [`${path}.backend.service.port.name`, 'http'],
      [`${path}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [[`${path}.path`, '/a//b'], [`${path}.path: Invalid value: "/a//b": must not contain '//'`]],
    [[`${path}.pathType`, undefined], [`${path}.pathType: Required value: pathType must be specified`]],
    [
      ['spec.tls', [{ secretName: 'A' }]],
      [
        "spec.tls[0].secretName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(ingressResource, INGRESS, { changes: [change] }), wanted);
  assert.match(
    messagesOf(ingressResource, INGRESS, { changes: [['spec.rules[0].host', '*']] })[0] ?? '',
    /wildcard/,
  );
});

test('an ingress that names its class by annotation is told of the field', () => {
  const annotated: Change = ['metadata.annotations', { 'kubernetes.io/ingress.class': 'a' }];
  const ingress = changedObject(ingressResource, INGRESS, [annotated]);
  const wanted =
    'annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead';
  assert.deepEqual(ingressResource.warnings?.(ingress, undefined), [wanted]);
  assert.deepEqual(ingressResource.warnings?.(ingress, ingress), []);
  const changes: Change[] = [annotated, ['spec.ingressClassName', 'b']];
  assert.deepEqual(messagesOf(ingressResource, INGRESS, { changes }), [
    'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
  ]);
});

test('what is left out of a network has to lie in it', () => {
  const sound = {
    metadata: { name: 'a' },
    spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] },
  };
  const field = 'spec.ingress[0].from[0].ipBlock';
  const check = (except: string[]): string[] =>
    messagesOf(networkPolicyResource, sound, { changes: [[`${field}.except`, except]] });
  assert.deepEqual(check(['10.1.0.0/16']), []);
  for (const hole of ['10.0.0.0/8', '11.0.0.0/16', '::/64'])
    assert.deepEqual(check([hole]), [
      `${field}.except[0]: Invalid value: "${hole}": must be a strict subset of \`cidr\``,
    ]);
});

test('a network that is not written as it should be is accepted with a warning', () => {
  const warned = (cidr: string): readonly string[] | undefined => {
    const policy = { metadata: { name: 'a' }, spec: { egress: [{ to: [{ ipBlock: { cidr } }] }] } };
    return networkPolicyResource.warnings?.(changedObject(networkPolicyResource, policy), undefined);
  };
  const field = 'spec.egress[0].to[0].ipBlock.cidr';
  assert.deepEqual(warned('10.0.0.0/8'), []);
  assert.deepEqual(warned('10.0.0.1/8'), [
    `${field}: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)`,
  ]);
  assert.deepEqual(warned('2001:DB8::/64'), [
    `${field}: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")`,
  ]);
});

const SERVICE_CIDR = { metadata: { name: 'a' }, spec: { cidrs: ['10.0.0.0/24'] } };

test('ranges of service addresses are canonical, one for each family', () => {
  const cases: [string[], string[]][] = [
    [['10.0.0.0/24', '2001:db8::/64'], []],
    [[], ['spec.cidrs: Required value: at least one CIDR required']],
    [
      ['10.0.0.1/24'],
      ['spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length'],
    ],
    [
      ['2001:DB8::/64'],
      ['spec.cidrs[0]: Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")'],
    ],
    [
      ['10.0.0.0/24', '10.1.0.0/24'],
      [
        'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
  ];
  for (const [cidrs, wanted] of cases)
    assert.deepEqual(
      messagesOf(serviceCidrResource, SERVICE_CIDR, { changes: [['spec.cidrs', cidrs]] }),
      wanted,
    );
});

test('a range of service addresses stays, and may get a second of the other family', () => {
  const update = (cidrs: string[]): string[] =>
    messagesOf(serviceCidrResource, SERVICE_CIDR, { changes: [['spec.cidrs', cidrs]], update: true });
  assert.deepEqual(update(['10.0.0.0/24', '2001:db8::/64']), []);
  assert.deepEqual(update(['10.1.0.0/24']), [
    'spec.cidrs[0]: Invalid value: "10.1.0.0/24": field is immutable',
  ]);
  assert.deepEqual(update([]), ['spec.cidrs: Invalid value: []: field is immutable']);
});

test('an address belongs to one object for good', () => {
  const address = {
    metadata: { name: '10.0.0.1' },
    spec: { parentRef: { resource: 'services', name: 'a' } },
  };
  const messages = (change: Change, update = false): string[] =>
    messagesOf(ipAddressResource, address, { changes: [change], update });
  assert.deepEqual(messages(['spec.parentRef', undefined]), ['spec.parentRef: Required value']);
  assert.deepEqual(messages(['spec.parentRef.name', '']), ['spec.parentRef.name: Required value']);
  assert.match(messages(['spec.parentRef.name', 'b'], true).join(), /^spec.parentRef: .*field is immutable$/);
  assert.deepEqual(ipAddressResource.nameRule?.('2001:DB8::1'), [
    'must be in canonical form ("2001:db8::1")',
  ]);
});
