import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingFields } from '#api/required-fields.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';

function missing(object: object, schema: string): string[] {
  return missingFields(object, schema, BUILTIN_SCHEMAS).map(({ field }) => field);
}

test('every missing field is named, in lists, maps and structs', () => {
  const spec = {
    containers: [{ env: [{}] }, { name: 'b', ports: [{}] }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{}] } },
  };
  assert.deepEqual(missing({ spec }, 'core/v1.Pod').sort(), [
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference',
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight',
    'spec.containers[0].env[0].name',
    'spec.containers[0].name',
    'spec.containers[1].ports[0].containerPort',
  ]);
});

test('an absent spec is an empty one, also below', () => {
  assert.deepEqual(missing({}, 'apps/v1.Deployment'), ['spec.selector', 'spec.template']);
  assert.deepEqual(missing({ spec: { schedule: '', jobTemplate: {} } }, 'batch/v1.CronJob'), [
    'spec.jobTemplate.spec.template',
  ]);
});

test('the status, booleans, and fields whose zero is valid may be left out', () => {
  assert.deepEqual(missing({ spec: { selector: {} }, status: {} }, 'apps/v1.ReplicaSet'), []);
  assert.deepEqual(missing({ spec: {} }, 'core/v1.LimitRange'), []);
  assert.deepEqual(missing({}, 'apps/v1.ControllerRevision'), []);
});
