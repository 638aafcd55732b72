import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';
import { flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '#api/flowcontrol/priority-level-configuration.ts';
import { fieldErrorMessage } from '#api/status.ts';

const SCHEMA = {
  metadata: { name: 'a' },
  spec: {
    priorityLevelConfiguration: { name: 'b' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'u' } }],
        resourceRules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], namespaces: ['*'] }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
      },
    ],
  },
};

test('a flow schema says whose requests of what go where', () => {
  const rule = 'spec.rules[0]';
  const cases: [Change, string[]][] = [
    [['spec.matchingPrecedence', 0], []],
    [
      ['spec.matchingPrecedence', -1],
      ['spec.matchingPrecedence: Invalid value: -1: must be a positive value'],
    ],
    [
      ['spec.priorityLevelConfiguration', undefined],
      ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
    ],
    [
      [`${rule}.subjects[0].kind`, 'Group'],
      [
        `${rule}.subjects[0].group: Required value: group is required when subject kind is 'Group'`,
        `${rule}.subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'`,
      ],
    ],
    [
      [`${rule}.resourceRules[0].namespaces`, []],
      [
        `${rule}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
      ],
    ],
    [
      [`${rule}.resourceRules[0].verbs`, ['*', 'get']],
      [
        `${rule}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
      ],
    ],
    [
      [`${rule}.nonResourceRules[0].nonResourceURLs`, ['/a*']],
      [
        `${rule}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching`,
      ],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(flowSchemaResource, SCHEMA, { changes: [change] }), wanted);
});

const LEVEL = {
  metadata: { name: 'a' },
  spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: { handSize: 0 } } } },
};

test('a level that is zero of something has the default of it', () => {
  const { limited } = changedObject(priorityLevelConfigurationResource, LEVEL).spec;
  assert.deepEqual(limited?.limitResponse?.queuing, { handSize: 8, queues: 64, queueLengthLimit: 50 });
});

test('a priority level is limited, unless it is the exempt one', () => {
  const response = 'spec.limited.limitResponse';
  const cases: [Change, string[]][] = [
    [[response, { type: 'Reject' }], []],
    [
      ['metadata.name', 'exempt'],
      ["spec.type: Invalid value: \"Limited\": type must be 'Exempt' if and only if name is 'exempt'"],
    ],
    [['spec.limited', undefined], ['spec.limited: Required value: must not be empty when type is Limited']],
    [[response, undefined], [`${response}.type: Unsupported value: "": supported values: "Queue", "Reject"`]],
    [
      [`${response}.queuing`, undefined],
      [`${response}.queuing: Required value: must not be empty if limited.limitResponse.type is Limited`],
    ],
    [
      [`${response}.queuing`, { queues: 65_536, handSize: 6 }],
      [
        `${response}.queuing.handSize: Invalid value: 6: required entropy bits of deckSize 65536 and handSize 6 should not be greater than 60`,
      ],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(priorityLevelConfigurationResource, LEVEL, { changes: [change] }), wanted);
});

test('each condition of a flow schema has a type of its own', () => {
  const conditions = [{ type: 'Dangling' }, { type: 'Dangling' }, { type: '' }];
  const schema = changedObject(flowSchemaResource, SCHEMA, [['status', { conditions }]]);
  assert.deepEqual(flowSchemaResource.validateStatus?.(schema, schema).map(fieldErrorMessage), [
    'status.conditions[1].type: Duplicate value: "Dangling"',
    'status.conditions[2].type: Required value: must not be empty',
  ]);
});
