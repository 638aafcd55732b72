import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';
import { clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import { roleResource } from '#api/rbac/role.ts';
import { roleBindingResource } from '#api/rbac/role-binding.ts';

const BINDING = {
  metadata: { name: 'a' },
  roleRef: { kind: 'Role', name: 'r' },
  subjects: [
    { kind: 'User', name: 'u' },
    { kind: 'ServiceAccount', name: 's' },
  ],
};

test('rules are for resources or for paths, and say what may be done', () => {
  const role = { metadata: { name: 'a' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] };
  const check = (change: Change): string[] => messagesOf(roleResource, role, { changes: [change] });
  assert.deepEqual(check(['rules[0].verbs', undefined]), [
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ]);
  assert.deepEqual(check(['rules[0].apiGroups', undefined]), [
    'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
  ]);
  assert.deepEqual(messagesOf(clusterRoleResource, role, { changes: [['aggregationRule', {}]] }), [
    'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
  ]);
});

test('users and groups are of the group of roles, accounts of none', () => {
  const { roleRef, subjects } = changedObject(roleBindingResource, BINDING);
  const apiGroup = 'rbac.authorization.k8s.io';
  assert.equal(roleRef.apiGroup, apiGroup);
  assert.deepEqual(
    subjects?.map((subject) => subject.apiGroup),
    [apiGroup, undefined],
  );
});

test('a binding names a role and whom it is for', () => {
  const cases: [Change, string[]][] = [
    [
      ['roleRef', undefined],
      [
        'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
      ],
    ],
    [['roleRef.name', 'a/b'], ['roleRef.name: Invalid value: "a/b": may not contain \'/\'']],
    [['subjects[0].name', undefined], ['subjects[0].name: Required value']],
    [
      ['subjects[0].kind', 'a'],
      ['subjects[0].kind: Unsupported value: "a": supported values: "ServiceAccount", "User", "Group"'],
    ],
    [['subjects[1].apiGroup', 'a'], ['subjects[1].apiGroup: Unsupported value: "a": supported values: ""']],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(roleBindingResource, BINDING, { changes: [change] }), wanted);
  const changes: Change[] = [['roleRef.kind', 'ClusterRole']];
  assert.deepEqual(messagesOf(clusterRoleBindingResource, BINDING, { changes }), [
    'subjects[1].namespace: Required value',
  ]);
  assert.match(
    messagesOf(roleBindingResource, BINDING, { changes, update: true }).join(),
    /^roleRef: Invalid value: .*: cannot change roleRef$/,
  );
});
