import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceQuota, ResourceQuotaSpec } from '#api/core/resource-quota.ts';
import { validateResourceQuota } from '#api/core/resource-quota-validation.ts';
import { fieldErrorMessage } from '#api/status.ts';

function quota(spec: ResourceQuotaSpec): ResourceQuota {
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec,
  };
}

const SELECTOR = 'spec.scopeSelector.matchExpressions';
const EXISTS_ONLY =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

const SITUATIONS: readonly [what: string, spec: ResourceQuotaSpec, faults: readonly string[]][] = [
  [
    'everything that can be counted',
    {
      hard: {
        pods: '3',
        'requests.cpu': '500m',
        'count/deployments.apps': '2',
        'requests.nvidia.com/gpu': '4',
        'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
        'hugepages-2Mi': '4Mi',
      },
    },
    [],
  ],
  [
    'names that nobody knows',
    { hard: { potatoes: '1' } },
    [
      'spec.hard[potatoes]: Invalid value: potatoes: must be a standard resource type or fully qualified',
      'spec.hard[potatoes]: Invalid value: potatoes: must be a standard resource for quota',
    ],
  ],
  [
    'parts of what is whole, and less than nothing',
    { hard: { pods: '500m', 'example.com/widgets': '1.5', cpu: '-1' } },
    [
      'spec.hard[pods]: Invalid value: "500m": must be an integer',
      'spec.hard[example.com/widgets]: Invalid value: "1.5": must be an integer',
      'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'scopes against each other',
    { hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating'] },
    Array.from(
      { length: 2 },
      () =>
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Terminating","NotTerminating"]: conflicting scopes',
    ),
  ],
  [
    'a scope that nobody knows',
    { hard: { pods: '1' }, scopes: ['Holiday'] },
    ['spec.scopes: Invalid value: ["Holiday"]: unsupported scope'],
  ],
  [
    'a scope of pods for what is no pod',
    { hard: { services: '1', cpu: '1' }, scopes: ['BestEffort'] },
    Array.from(
      { length: 2 },
      () => 'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
    ),
  ],
  [
    'classes, by name',
    {
      hard: { pods: '1' },
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    },
    [],
  ],
  [
    'classes without a name',
    {
      hard: { pods: '1' },
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn' }] },
    },
    [
      `${SELECTOR}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
    ],
  ],
  [
    'a scope that is there or not, with values',
    {
      hard: { pods: '1' },
      scopeSelector: {
        matchExpressions: [{ scopeName: 'Terminating', operator: 'DoesNotExist', values: ['a'] }],
      },
    },
    [
      `${SELECTOR}.operator: Invalid value: "DoesNotExist": ${EXISTS_ONLY}`,
      `${SELECTOR}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
    ],
  ],
  [
    'nonsense',
    { hard: { pods: '1' }, scopeSelector: { matchExpressions: [{ scopeName: 'X', operator: 'Like' }] } },
    [
      `${SELECTOR}.scopeName: Invalid value: "X": unsupported scope`,
      `${SELECTOR}.operator: Invalid value: "Like": not a valid selector operator`,
    ],
  ],
];

for (const [what, spec, faults] of SITUATIONS) {
  test(`a quota with ${what}`, () => {
    assert.deepEqual(validateResourceQuota(quota(spec), undefined).map(fieldErrorMessage), faults);
  });
}

test('the scopes of a quota stay', () => {
  const old = quota({ hard: { pods: '1' }, scopes: ['BestEffort'] });
  const kept = quota({ hard: { pods: '2' }, scopes: ['BestEffort'] });
  assert.deepEqual(validateResourceQuota(kept, old), []);
  assert.deepEqual(validateResourceQuota(quota({ hard: { pods: '2' } }), old).map(fieldErrorMessage), [
    'spec.scopes: Invalid value: "null": field is immutable',
  ]);
});
