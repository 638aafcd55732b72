import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validatingAdmissionPolicyResource } from '#api/admissionregistration/validating-admission-policy.ts';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { validatingAdmissionPolicyStatusController } from '#controllers/validating-admission-policy-status.ts';
import { World } from '#reconcile/test-world.ts';

function policy(expression: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'p', generation: 1 },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
        ],
      },
      validations: [{ expression }],
    },
  };
}

test('a policy is told what the kinds that it matches do not have', () => {
  const world = new World();
  const controller = validatingAdmissionPolicyStatusController(new KindRoster(BUILTIN_RESOURCES));
  world.put(validatingAdmissionPolicyResource, policy('object.spec.replica > 1') as never);
  world.settle(controller);
  const status = world.get(validatingAdmissionPolicyResource, { name: 'p' })?.status;
  assert.equal(status?.observedGeneration, 1);
  assert.deepEqual(status.typeChecking?.expressionWarnings, [
    {
      fieldRef: 'spec.validations[0].expression',
      warning: `apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica > 1\n | ...........^\n`,
    },
  ]);
});

test('a policy that fits its kinds has nothing to be told', () => {
  const world = new World();
  const controller = validatingAdmissionPolicyStatusController(new KindRoster(BUILTIN_RESOURCES));
  const expression = `object.spec.replicas > 1 && object.metadata.namespace != 'x' && object.spec.template.spec.containers.all(c, !has(c.livenessProbe) || c.livenessProbe.httpGet.port != 80)`;
  world.put(validatingAdmissionPolicyResource, policy(expression) as never);
  world.settle(controller);
  assert.deepEqual(world.get(validatingAdmissionPolicyResource, { name: 'p' })?.status, {
    observedGeneration: 1,
    typeChecking: {},
  });
});
