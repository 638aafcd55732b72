import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import {
  DEFINITIONS,
  define,
  widgetDefinition,
  widgetVersion,
} from '#apiserver/custom/test-definitions.fixture.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const NAMESPACE = '/api/v1/namespaces/default';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  assert.deepEqual(server.complaints, [], 'nothing that a client sends is an error of the server');
  await server.stop();
});

async function refused(path: string, body: unknown): Promise<string> {
  return refusalOf(await server.call({ method: 'POST', path, body }));
}

function pod(container: object, more: object = {}): object {
  return {
    metadata: { name: 'bad' },
    spec: { containers: [{ name: 'c', image: 'i', ...container }], ...more },
  };
}

function definition(spec: JSONSchemaProps, more: object = {}): object {
  return widgetDefinition([widgetVersion({ spec })], more);
}

const DEFINITION_REFUSED =
  '422 Invalid: CustomResourceDefinition.apiextensions.k8s.io "widgets.shop.example.com" is invalid: ';

test('B15: rules that cost too much are refused when they are written', async () => {
  const items: JSONSchemaProps = { type: 'array', items: { type: 'array', items: { type: 'string' } } };
  const costly: JSONSchemaProps = {
    ...items,
    'x-kubernetes-validations': [
      { rule: 'self.all(a, a.all(b, self.all(c, c.all(d, d.contains(b)))))', message: 'm' },
    ],
  };
  const answer = await refused(DEFINITIONS, definition(costly));
  assert.match(
    answer,
    /^422 Invalid: .*spec\.validation\.openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x/,
  );
  const malformed = await refused(DEFINITIONS, definition({ type: 'string', pattern: '^(a+' }));
  assert.match(
    malformed,
    /^422 Invalid: .*\.pattern: Invalid value: "\^\(a\+": must be a valid regular expression/,
  );
});

test('B15: a pattern that would go back for ever is matched at once', async () => {
  // Backtracking would take years.
  await define(server, widgetDefinition([widgetVersion({ spec: { type: 'string', pattern: '^(a+)+$' } })]));
  const answer = await refused('/apis/shop.example.com/v1/namespaces/default/widgets', {
    apiVersion: 'shop.example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec: `${'a'.repeat(5000)}!`,
  });
  assert.match(answer, /^422 Invalid: .*spec: Invalid value: "a+: spec in body should match '\^\(a\+\)\+\$'/);
});

test('B16: definitions that shadow, contain themselves, or have versions without end', async () => {
  const shadowing = {
    ...definition({ type: 'object' }, { group: 'apps' }),
    metadata: { name: 'widgets.apps' },
  };
  assert.match(await refused(DEFINITIONS, shadowing), /^422 Invalid: .*spec\.group: Invalid value: "apps"/);
  const other = { metadata: { name: 'gadgets.shop.example.com' } };
  const renamed = { ...definition({ type: 'object' }), ...other };
  assert.match(
    await refused(DEFINITIONS, renamed),
    /^422 Invalid: .*metadata\.name: Invalid value: "gadgets\.shop\.example\.com": must be spec\.names\.plural\+"\."\+spec\.group/,
  );
  const recursive = { $ref: '#/properties/spec' } as JSONSchemaProps;
  assert.match(
    await refused(DEFINITIONS, definition(recursive)),
    /^422 Invalid: .*properties\[spec\]\.\$ref: Forbidden: \$ref is not supported/,
  );
  const many = Array.from({ length: 1000 }, (_, n) => ({
    ...widgetVersion({ spec: { type: 'object' } }),
    name: `v${n + 1}`,
    storage: n === 0,
  }));
  const answer = await refused(DEFINITIONS, widgetDefinition(many));
  assert.ok(
    answer.startsWith(`${DEFINITION_REFUSED}spec.versions: Too many: 1000: must have at most`),
    answer.slice(0, 300),
  );
});

test('B28: quantities, ports and counts that no machine has are refused with their field', async () => {
  const port = (containerPort: number) => pod({ ports: [{ containerPort }] });
  const cpu = (amount: unknown) => pod({ resources: { requests: { cpu: amount } } });
  const table: [string, string, object, RegExp][] = [
    [
      'pods',
      'less than nothing',
      cpu('-5'),
      /^422 Invalid: Pod "bad" is invalid: .*spec\.containers\[0\]\.resources\.requests\[cpu\]: Invalid value: "-5": must be greater than or equal to 0/,
    ],
    [
      'pods',
      'beyond all numbers',
      cpu('1e999'),
      /^400 BadRequest: Pod in version "v1" cannot be handled as a Pod: .*\[cpu\]: expected quantity, got string "1e999"$/,
    ],
    [
      'pods',
      'no number',
      cpu('many'),
      /^400 BadRequest: Pod in version "v1" cannot be handled as a Pod: .*\[cpu\]: expected quantity, got string "many"$/,
    ],
    [
      'pods',
      'a port above all',
      port(65_536),
      /^422 Invalid: Pod "bad" is invalid: spec\.containers\[0\]\.ports\[0\]\.containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive/,
    ],
    [
      'pods',
      'a port below all',
      port(-1),
      /^422 Invalid: .*containerPort: Invalid value: -1: must be between 1 and 65535, inclusive/,
    ],
    [
      'services',
      'a port above all',
      { metadata: { name: 'bad' }, spec: { ports: [{ port: 65_536 }] } },
      /^422 Invalid: Service "bad" is invalid: .*spec\.ports\[0\]\.port: Invalid value: 65536: must be between 1 and 65535, inclusive/,
    ],
    [
      'pods',
      'a time that no number here holds',
      pod({}, { terminationGracePeriodSeconds: 2 ** 60 }),
      /^400 BadRequest: the number \d+ at "terminationGracePeriodSeconds" cannot be held/,
    ],
    [
      'resourcequotas',
      'less than nothing',
      { metadata: { name: 'bad' }, spec: { hard: { pods: '-1' } } },
      /^422 Invalid: ResourceQuota "bad" is invalid: spec\.hard\[pods\]: Invalid value: "-1": must be greater than or equal to 0/,
    ],
  ];
  for (const [plural, what, body, expected] of table)
    assert.match(await refused(`${NAMESPACE}/${plural}`, body), expected, what);
});

test('B28: ten thousand containers of one name are refused, the second and all after it', async () => {
  const containers = Array.from({ length: 10_000 }, () => ({ name: 'c', image: 'i' }));
  const answer = await refused(`${NAMESPACE}/pods`, { metadata: { name: 'bad' }, spec: { containers } });
  assert.match(
    answer,
    /^422 Invalid: Pod "bad" is invalid: .*spec\.containers\[1\]\.name: Duplicate value: "c"/,
  );
});
