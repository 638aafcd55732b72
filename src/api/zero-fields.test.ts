import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { fillZeroFields } from '#api/zero-fields.ts';

function filled(object: object, schema: string): object {
  fillZeroFields(object, schema, { schemas: BUILTIN_SCHEMAS });
  return object;
}

test('what is required and absent gets the zero value of its type, at any depth', () => {
  assert.deepEqual(filled({ rules: [{}] }, 'rbac/v1.Role'), { rules: [{ verbs: [] }] });
  assert.deepEqual(filled({ subjects: [{ kind: 'User' }] }, 'rbac/v1.RoleBinding'), {
    roleRef: { kind: '', name: '' },
    subjects: [{ kind: 'User', name: '' }],
  });
});

test('what is a pointer stays absent, and so does all below metadata and status', () => {
  const paths = [{ path: '/', pathType: 'Exact', backend: {} }, { backend: {} }];
  const ingress = { metadata: { ownerReferences: [{}] }, spec: { rules: [{ http: { paths } }] } };
  assert.deepEqual(filled(ingress, 'networking/v1.Ingress'), structuredClone(ingress));
});

test('what is in a pod template is filled in where its kind is not', () => {
  const deployment = { spec: { template: { spec: { containers: [{}] } } } };
  fillZeroFields(deployment, 'apps/v1.Deployment', { schemas: BUILTIN_SCHEMAS, podsOnly: true });
  assert.deepEqual(deployment, { spec: { template: { spec: { containers: [{ name: '' }] } } } });
});
