import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validatingAdmissionPolicyResource } from '#api/admissionregistration/validating-admission-policy.ts';
import { validatingAdmissionPolicyBindingResource } from '#api/admissionregistration/validating-admission-policy-binding.ts';
import { validatingWebhookConfigurationResource } from '#api/admissionregistration/validating-webhook-configuration.ts';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';
import { fieldErrorMessage } from '#api/status.ts';

const RULE = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
const WEBHOOKS = {
  metadata: { name: 'a' },
  webhooks: [
    {
      name: 'a.example.com',
      clientConfig: { url: 'https://example.com/a' },
      rules: [RULE],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      matchConditions: [{ name: 'a', expression: 'true' }],
    },
  ],
};

test('a webhook says where it is, what it is asked about, and that asking does no harm', () => {
  const hook = 'webhooks[0]';
  const cases: [Change, string[]][] = [
    [
      [`${hook}.name`, 'a.b'],
      [
        `${hook}.name: Invalid value: "a.b": should be a domain with at least three segments separated by dots`,
      ],
    ],
    [
      [`${hook}.sideEffects`, undefined],
      [`${hook}.sideEffects: Required value: must specify one of None, NoneOnDryRun`],
    ],
    [
      [`${hook}.timeoutSeconds`, 31],
      [`${hook}.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds`],
    ],
    [
      [`${hook}.admissionReviewVersions`, ['v9']],
      [`${hook}.admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1`],
    ],
    [
      [`${hook}.rules[0].resources`, ['*', 'pods']],
      [
        `${hook}.rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      [`${hook}.rules[0].resources`, ['pods/*', 'pods/log']],
      [
        `${hook}.rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      ],
    ],
    [
      [`${hook}.clientConfig.url`, 'http://example.com?a'],
      [
        `${hook}.clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
        `${hook}.clientConfig.url: Invalid value: "a": query parameters are not permitted in the URL`,
      ],
    ],
    [
      [`${hook}.clientConfig.url`, 'https://a b'],
      [
        `${hook}.clientConfig.url: Required value: url must be a valid URL: parse "https://a b": invalid character " " in host name; desired format: https://host[/path]`,
      ],
    ],
    [
      [`${hook}.clientConfig`, { service: { name: 's', namespace: 'n', path: 'p' } }],
      [
        `${hook}.clientConfig.service.path: Invalid value: "p": must start with a '/'`,
        `${hook}.clientConfig.service.path: Invalid value: "p": segment[0] may not be empty`,
      ],
    ],
    [
      [`${hook}.matchConditions[0].expression`, '1'],
      [`${hook}.matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int`],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(
      messagesOf(validatingWebhookConfigurationResource, WEBHOOKS, { changes: [change] }),
      wanted,
    );
});

test('conditions that were accepted once are not judged again', () => {
  const wrong: Change = ['webhooks[0].matchConditions[0].expression', 'nope'];
  const old = changedObject(validatingWebhookConfigurationResource, WEBHOOKS, [wrong]);
  assert.deepEqual(validatingWebhookConfigurationResource.validate(old, old).map(fieldErrorMessage), []);
});

const POLICY = {
  metadata: { name: 'a' },
  spec: {
    matchConstraints: { resourceRules: [RULE] },
    variables: [{ name: 'v', expression: '1' }],
    validations: [{ expression: 'variables.v < 2' }],
  },
};

test('a policy checks something, by expressions that can be', () => {
  const validation = 'spec.validations[0]';
  const nothing = 'Required value: validations or auditAnnotations must contain at least one item';
  const cases: [Change, string[]][] = [
    [
      ['spec.validations', undefined],
      [`spec.validations: ${nothing}`, `spec.auditAnnotations: ${nothing}`],
    ],
    [
      [`${validation}.expression`, ' '],
      [`${validation}.expression: Required value: expression is not specified`],
    ],
    [
      [`${validation}.message`, ' '],
      [`${validation}.message: Invalid value: " ": message must be non-empty if specified`],
    ],
    [
      [`${validation}.reason`, 'Odd'],
      [
        `${validation}.reason: Unsupported value: "Odd": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"`,
      ],
    ],
    [
      ['spec.variables[0].expression', 'nope'],
      [
        `spec.variables[0].expression: Invalid value: "nope": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope\n | ^`,
      ],
    ],
    [
      ['spec.paramKind', { apiVersion: 'a/b/c', kind: 'A_b' }],
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        "spec.paramKind.kind: Invalid value: \"A_b\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      ['spec.auditAnnotations', [{ key: 'k', valueExpression: '1' }]],
      [
        'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
      ],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(validatingAdmissionPolicyResource, POLICY, { changes: [change] }), wanted);
});

test('a binding says what to do, and by which parameters', () => {
  const binding = { metadata: { name: 'a' }, spec: { policyName: 'p', validationActions: ['Deny'] } };
  const cases: [Change, string[]][] = [
    [
      ['spec.validationActions', []],
      ['spec.validationActions: Required value: at least one validation action is required'],
    ],
    [['spec.validationActions', ['Deny', 'Deny']], ['spec.validationActions[1]: Duplicate value: "Deny"']],
    [
      ['spec.paramRef', { parameterNotFoundAction: 'Deny' }],
      ['spec.paramRef: Required value: one of name or selector must be specified'],
    ],
    [['spec.paramRef', { name: 'a' }], ['spec.paramRef.parameterNotFoundAction: Required value']],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(
      messagesOf(validatingAdmissionPolicyBindingResource, binding, { changes: [change] }),
      wanted,
    );
});
