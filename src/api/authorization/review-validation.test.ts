import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  validateAccessReview,
  validateLocalAccessReview,
  validateSelfAccessReview,
} from '#api/authorization/review-validation.ts';
import { fieldErrorMessage } from '#api/status.ts';

const ATTRIBUTES = { verb: 'get', resource: 'pods', namespace: 'shop' };

test('a question about rights is about somebody and one thing, and has no metadata', () => {
  const messages = (...args: Parameters<typeof validateAccessReview>): string[] =>
    validateAccessReview(...args).map(fieldErrorMessage);
  assert.deepEqual(messages({ spec: { user: 'u', resourceAttributes: ATTRIBUTES } }), []);
  assert.deepEqual(messages({ spec: { resourceAttributes: ATTRIBUTES } }), [
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ]);
  assert.match(messages({ spec: { user: 'u' } }).join(), /^spec.resourceAttributes: .*exactly one of/);
  assert.match(
    messages({ metadata: { name: 'a' }, spec: { user: 'u', resourceAttributes: ATTRIBUTES } }).join(),
    /^metadata: Invalid value: .*: must be empty$/,
  );
});

test('selectors of a question are whole, in operators that are known', () => {
  const messages = (labelSelector: object): string[] =>
    validateSelfAccessReview({ spec: { resourceAttributes: { ...ATTRIBUTES, labelSelector } } }).map(
      fieldErrorMessage,
    );
  const field = 'spec.resourceAttributes.labelSelector';
  assert.deepEqual(messages({ rawSelector: 'a=b' }), []);
  assert.deepEqual(messages({ requirements: [{ key: 'a', operator: 'Newer' }] }), []);
  assert.deepEqual(messages({}), [
    `${field}.requirements: Required value: when ${field} is specified, requirements or rawSelector is required`,
  ]);
  assert.deepEqual(messages({ requirements: [{ key: 'a', operator: 'In' }] }), [
    `${field}.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
  ]);
});

test('a local question is about the namespace where it is asked', () => {
  const messages = (namespace: string): string[] =>
    validateLocalAccessReview(
      { metadata: { namespace }, spec: { user: 'u', resourceAttributes: ATTRIBUTES } },
      namespace,
    ).map(fieldErrorMessage);
  assert.deepEqual(messages('shop'), []);
  assert.deepEqual(messages('other'), [
    'spec.resourceAttributes.namespace: Invalid value: "shop": must match metadata.namespace',
  ]);
});
