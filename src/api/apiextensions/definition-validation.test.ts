import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import { defaultDefinition } from '#api/apiextensions/definition-defaults.ts';
import { validateDefinition } from '#api/apiextensions/definition-validation.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { fieldErrorMessage } from '#api/status.ts';

type Version = Partial<CustomResourceDefinitionVersion>;

function version(schema: JSONSchemaProps | undefined, more: Version = {}): CustomResourceDefinitionVersion {
  return {
    name: 'v1',
    served: true,
    storage: true,
    ...(schema === undefined ? {} : { schema: { openAPIV3Schema: schema } }),
    ...more,
  };
}

function definition(
  versions: CustomResourceDefinitionVersion[],
  spec: Partial<CustomResourceDefinition['spec']> = {},
): CustomResourceDefinition {
  const made: CustomResourceDefinition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.shop.example.com', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: {
      group: 'shop.example.com',
      names: { kind: 'Widget', plural: 'widgets' },
      scope: 'Namespaced',
      versions,
      ...spec,
    },
  };
  defaultDefinition(made);
  return made;
}

const PLAIN: JSONSchemaProps = { type: 'object' };

function faults(made: CustomResourceDefinition, old?: CustomResourceDefinition): string[] {
  return validateDefinition(made, old).map(fieldErrorMessage);
}

/** Faults of a schema of `spec`, without the path to it. */
function schemaFaults(spec: JSONSchemaProps): string[] {
  const root: JSONSchemaProps = { type: 'object', properties: { spec } };
  return faults(definition([version(root)])).map((fault) =>
    fault.replaceAll('spec.validation.openAPIV3Schema.properties[spec].', ''),
  );
}

test('rules stand where values are described, in no alternative', () => {
  const ruled: JSONSchemaProps = { 'x-kubernetes-validations': [{ rule: 'true' }] };
  const told = (at: string): string =>
    `${at}.x-kubernetes-validations: Forbidden: must be empty to be structural`;
  const alternatives = { allOf: [ruled], anyOf: [ruled], oneOf: [ruled], not: ruled };
  assert.deepEqual(
    schemaFaults({ type: 'object', ...alternatives })
      .filter((fault) => fault.includes('structural'))
      .sort(),
    ['allOf[0]', 'anyOf[0]', 'not', 'oneOf[0]'].map(told),
  );
});

test('a sound definition has no fault', () => {
  assert.deepEqual(faults(definition([version(PLAIN)])), []);
});

const DEFINITIONS: readonly [what: string, made: CustomResourceDefinition, expected: string[]][] = [
  [
    'another name than plural and group make',
    definition([version(PLAIN)], { names: { kind: 'Widget', plural: 'things' } }),
    ['metadata.name: Invalid value: "widgets.shop.example.com": must be spec.names.plural+"."+spec.group'],
  ],
  [
    'no stored version',
    definition([version(PLAIN, { storage: false })]),
    [
      'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: []: must have at least one stored version',
    ],
  ],
  [
    'two of one name',
    definition([version(PLAIN), version(PLAIN, { storage: false })]),
    ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
  ],
  [
    'names that are no labels',
    definition([version(PLAIN)], { names: { plural: 'widgets', kind: 'Widget', categories: [''] } }),
    [
      "spec.names.categories[0]: Invalid value: \"\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    'no schema',
    definition([version(undefined)]),
    ['spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required'],
  ],
  [
    'one kind for object and list',
    definition([version(PLAIN)], { names: { kind: 'Widget', plural: 'widgets', listKind: 'Widget' } }),
    ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'],
  ],
  [
    'too many versions',
    definition(
      Array.from({ length: 1000 }, (_, index) =>
        version(PLAIN, { name: `v${index + 1}`, storage: index === 0 }),
      ),
    ),
    ['spec.versions: Too many: 1000: must have at most 100 items'],
  ],
  [
    'a webhook that is nowhere',
    definition([version(PLAIN)], {
      conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } },
    }),
    ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook'],
  ],
  [
    'a webhook without TLS, of unknown reviews',
    definition([version(PLAIN)], {
      conversion: {
        strategy: 'Webhook',
        webhook: { clientConfig: { url: 'http://a.example.com/x' }, conversionReviewVersions: ['v9'] },
      },
    }),
    [
      `spec.conversion.webhookClientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      'spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ],
  ],
  [
    'columns and scales that lead nowhere',
    definition([
      version(PLAIN, {
        additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'spec.a' }],
        subresources: { scale: { specReplicasPath: '.status.a', statusReplicasPath: '.status.b' } },
      }),
    ]),
    [
      'spec.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec',
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .',
    ],
  ],
  [
    'a group of Kubernetes that nobody approved',
    {
      ...definition([version(PLAIN)], { group: 'x.k8s.io' }),
      metadata: { name: 'widgets.x.k8s.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    },
    [
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  [
    'a field to select by that is no scalar',
    definition([
      version(
        { type: 'object', properties: { spec: { type: 'object' } } },
        { selectableFields: [{ jsonPath: '.spec' }, { jsonPath: '.spec.no' }] },
      ),
    ]),
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[1].jsonPath: Invalid value: ".spec.no": is an invalid path: does not refer to a valid field',
    ],
  ],
];

for (const [what, made, expected] of DEFINITIONS) {
  test(`a definition is refused: ${what}`, () => assert.deepEqual(faults(made), expected));
}

const SCHEMAS: readonly [what: string, schema: JSONSchemaProps, expected: string[]][] = [
  ['no type', {}, ['type: Required value: must not be empty for specified object fields']],
  [
    'an unknown type',
    { type: 'text' },
    [
      'type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ],
  ['a list of anything', { type: 'array' }, ['items: Required value: must be specified']],
  [
    'items without a type',
    { type: 'array', items: {} },
    ['items.type: Required value: must not be empty for specified array items'],
  ],
  [
    'a reference',
    { type: 'object', $ref: '#/definitions/x' } as JSONSchemaProps,
    ['$ref: Forbidden: $ref is not supported'],
  ],
  [
    'properties and entries',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
    ['additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
  ],
  [
    'unique items',
    { type: 'array', uniqueItems: true, items: { type: 'string' } },
    [
      'uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ],
  ],
  [
    'a type inside an alternative',
    { type: 'object', anyOf: [{ type: 'object' }] },
    ['anyOf[0].type: Forbidden: must be empty to be structural'],
  ],
  [
    'int or string, as it is written',
    { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
    [],
  ],
  [
    'a broken pattern',
    { type: 'string', pattern: '(' },
    [
      'pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ],
  ],
  [
    'keys that items have not',
    {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object' },
    },
    ['x-kubernetes-list-map-keys: Invalid value: ["a"]: entries must all be names of item properties'],
  ],
  [
    'keys that may be missing',
    {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', properties: { a: { type: 'string' } } },
    },
    [
      'items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
    ],
  ],
  [
    'a set of objects',
    { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } },
    [
      'items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set',
    ],
  ],
  [
    'an embedded object without anything',
    { type: 'object', 'x-kubernetes-embedded-resource': true },
    [
      'properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    ],
  ],
  [
    'a default that is not allowed',
    { type: 'integer', minimum: 1, default: 0 },
    ['default: Invalid value: 0:  in body should be greater than or equal to 1'],
  ],
  [
    'a default with unknown fields',
    { type: 'object', default: { a: 1 } },
    ['default: Invalid value: {"a":1}: must not have unknown fields'],
  ],
  [
    'an empty rule',
    { type: 'object', 'x-kubernetes-validations': [{ rule: ' ' }] },
    ['x-kubernetes-validations[0].rule: Required value: rule is not specified'],
  ],
];

for (const [what, schema, expected] of SCHEMAS) {
  test(`a schema is refused or not: ${what}`, () => {
    const found = schemaFaults(schema).map((fault) =>
      fault.replace('spec.validation.openAPIV3Schema.properties[spec]', ''),
    );
    assert.deepEqual(found, expected);
  });
}

test('B15: a rule that does not compile, or costs too much, is refused', () => {
  assert.match(
    schemaFaults({ type: 'object', 'x-kubernetes-validations': [{ rule: 'self.nothing > 1' }] }).join(),
    /x-kubernetes-validations\[0\]\.rule: Invalid value: .*undefined field 'nothing'/s,
  );
  const list: JSONSchemaProps = {
    type: 'array',
    items: { type: 'array', items: { type: 'string' } },
    'x-kubernetes-validations': [{ rule: 'self.all(a, a.all(b, self.all(c, c.all(d, d.contains(b)))))' }],
  };
  assert.match(schemaFaults(list).join(), /estimated rule cost exceeds budget by factor of/);
});

test('B16: a schema that nests too deeply is refused', () => {
  let schema: JSONSchemaProps = { type: 'string' };
  for (let depth = 0; depth < 100; depth += 1) schema = { type: 'object', properties: { a: schema } };
  assert.match(schemaFaults(schema).join(), /schemas may not nest deeper than 64 levels/);
});

test('what objects depend on may not change once a definition is established', () => {
  const old = definition([version(PLAIN)]);
  const changed = {
    ...definition([version(PLAIN)], { scope: 'Cluster', names: { kind: 'Thing', plural: 'widgets' } }),
  };
  assert.deepEqual(faults(changed, old), []);
  old.status = { conditions: [{ type: 'Established', status: 'True' }] };
  assert.deepEqual(faults(changed, old), [
    'spec.scope: Invalid value: "Cluster": field is immutable',
    'spec.names.kind: Invalid value: "Thing": field is immutable',
  ]);
});

test('a version in which objects may be stored is not forgotten', () => {
  const made = definition([version(PLAIN, { name: 'v2' })]);
  made.status = { storedVersions: ['v1', 'v2'] };
  assert.match(
    faults(made).join(),
    /status\.storedVersions\[0\]: Invalid value: "v1": missing from spec\.versions/,
  );
});

test('an alternative at the root speaks of nothing that is not described', () => {
  const root: JSONSchemaProps = { type: 'object', anyOf: [{ properties: { a: { minimum: 1 } } }] };
  assert.deepEqual(faults(definition([version(root)])), [
    'spec.validation.openAPIV3Schema.properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[a]',
  ]);
});

test('a schema that was let in once stays', () => {
  const root: JSONSchemaProps = { type: 'object', properties: { spec: {} } };
  assert.deepEqual(faults(definition([version(root)]), definition([version(root)])), []);
});
