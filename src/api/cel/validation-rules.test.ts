import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JSONSchemaProps, ValidationRule } from '#api/apiextensions/json-schema-props.ts';
import { evaluateRules, type RuleVerdict } from '#api/cel/rule-evaluation.ts';
import { compileRules } from '#api/cel/validation-rules.ts';
import type { Json } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

function schemaOf(rules: ValidationRule[], more: Record<string, JSONSchemaProps> = {}): JSONSchemaProps {
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          min: { type: 'integer' },
          max: { type: 'integer' },
          name: { type: 'string', maxLength: 20 },
          ...more,
        },
        'x-kubernetes-validations': rules,
      },
    },
  };
}

function faultsOf(schema: JSONSchemaProps): string[] {
  return compileRules(schema, 'schema').faults.map(fieldErrorMessage);
}

function evaluate(schema: JSONSchemaProps, object: Json, old?: Json): RuleVerdict {
  const { rules, faults } = compileRules(schema, 'schema');
  assert.deepEqual(faults, []);
  return evaluateRules(rules, { object, old });
}

function errorsOf(schema: JSONSchemaProps, object: Json, old?: Json): string[] {
  return evaluate(schema, object, old).errors.map(fieldErrorMessage);
}

describe('rules when a definition is written', () => {
  it('names the field and the place of a compile error', () => {
    const [fault = ''] = faultsOf(schemaOf([{ rule: 'self.minimum < 1' }]));
    assert.ok(
      fault.startsWith(
        `schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: "self.minimum < 1": compilation failed: ERROR: <input>:1:5: undefined field 'minimum'`,
      ),
      fault,
    );
  });

  const faulty: readonly (readonly [string, ValidationRule, RegExp])[] = [
    ['no bool', { rule: 'self.min' }, /cel expression must evaluate to a bool/],
    ['an empty rule', { rule: ' ' }, /rule is not specified/],
    ['a message with a line break', { rule: 'true', message: 'a\nb' }, /must not contain line breaks/],
    ['an unknown reason', { rule: 'true', reason: 'Why' }, /Unsupported value: "Why"/],
    [
      'a path that is not there',
      { rule: 'true', fieldPath: '.nope' },
      /fieldPath must be a valid path: does not refer to a valid field/,
    ],
    [
      'a message expression that is no string',
      { rule: 'true', messageExpression: '1' },
      /must evaluate to a string/,
    ],
    [
      'a message expression with a fault',
      { rule: 'true', messageExpression: 'self.x' },
      /messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'x'/,
    ],
    [
      'optionalOldSelf without oldSelf',
      { rule: 'true', optionalOldSelf: true },
      /may not be set if oldSelf is not used in rule/,
    ],
  ];
  for (const [what, rule, message] of faulty)
    it(`refuses ${what}`, () => assert.match(faultsOf(schemaOf([rule])).join(), message));

  it('refuses a rule whose estimate is over the budget, and says how to mend it', () => {
    const list: JSONSchemaProps = { type: 'array', items: { type: 'string' } };
    const [fault = ''] = faultsOf(
      schemaOf([{ rule: 'self.list.all(x, self.list.all(y, x == y))' }], { list }),
    );
    assert.match(
      fault,
      /Forbidden: estimated rule cost exceeds budget by factor of more than 100x \(try simplifying/,
    );
    const bounded: JSONSchemaProps = {
      type: 'array',
      items: { type: 'string', maxLength: 10 },
      maxItems: 10,
    };
    assert.deepEqual(
      faultsOf(schemaOf([{ rule: 'self.list.all(x, self.list.all(y, x == y))' }], { list: bounded })),
      [],
    );
  });

  it('multiplies the estimate by how often a node may stand in an object', () => {
    const rule = { rule: 'self.matches("^[a-z]{3,10}$")' };
    const item: JSONSchemaProps = { type: 'string', maxLength: 1000, 'x-kubernetes-validations': [rule] };
    assert.deepEqual(faultsOf(schemaOf([], { list: { type: 'array', items: item, maxItems: 10 } })), []);
    assert.match(faultsOf(schemaOf([], { list: { type: 'array', items: item } })).join(), /exceeds budget/);
  });

  it('takes for how often a node may stand in lists without limits what fits into a request', () => {
    const rule = { rule: 'has(self.key) == has(self.secret)' };
    const text: JSONSchemaProps = { type: 'string' };
    const item: JSONSchemaProps = {
      type: 'object',
      properties: { key: text, secret: text },
      'x-kubernetes-validations': [rule],
    };
    const inner: JSONSchemaProps = { type: 'object', properties: { items: { type: 'array', items: item } } };
    assert.deepEqual(faultsOf(schemaOf([], { list: { type: 'array', items: inner } })), []);
  });
});

describe('rules when an object is written', () => {
  const ordered = schemaOf([{ rule: 'self.min <= self.max', message: 'min must not exceed max' }]);

  it('says at which field which rule failed', () => {
    assert.deepEqual(errorsOf(ordered, { spec: { min: 1, max: 2 } }), []);
    assert.deepEqual(errorsOf(ordered, { spec: { min: 3, max: 2 } }), [
      'spec: Invalid value: "object": min must not exceed max',
    ]);
    assert.deepEqual(errorsOf(schemaOf([{ rule: 'self.min > 1' }]), { spec: { min: 1 } }), [
      'spec: Invalid value: "object": failed rule: self.min > 1',
    ]);
    assert.deepEqual(errorsOf(ordered, { spec: { min: 3 } }), [
      'spec: Invalid value: "object": no such key: max evaluating rule: min must not exceed max',
    ]);
    assert.deepEqual(errorsOf(ordered, {}), []);
  });

  it('takes the message, the reason and the field from the rule', () => {
    const rule = {
      rule: 'self.min > 1',
      messageExpression: '"min is " + string(self.min)',
      reason: 'FieldValueForbidden',
      fieldPath: '.min',
    };
    assert.deepEqual(errorsOf(schemaOf([rule]), { spec: { min: 1 } }), ['spec.min: Forbidden: min is 1']);
    const empty = { rule: 'self.min > 1', message: 'plain', messageExpression: '""' };
    assert.deepEqual(errorsOf(schemaOf([empty]), { spec: { min: 1 } }), [
      'spec: Invalid value: "object": plain',
    ]);
  });

  it('evaluates transition rules only where there is an old value', () => {
    const schema = schemaOf([{ rule: 'self.min == oldSelf.min', message: 'immutable' }]);
    assert.deepEqual(errorsOf(schema, { spec: { min: 1 } }), []);
    assert.deepEqual(errorsOf(schema, { spec: { min: 2 } }, { spec: { min: 1 } }), [
      'spec: Invalid value: "object": immutable',
    ]);
    const optional = schemaOf([
      { rule: 'oldSelf.hasValue() || self.min == 1', optionalOldSelf: true, message: 'starts at 1' },
    ]);
    assert.deepEqual(errorsOf(optional, { spec: { min: 2 } }), [
      'spec: Invalid value: "object": starts at 1',
    ]);
    assert.deepEqual(errorsOf(optional, { spec: { min: 2 } }, { spec: { min: 1 } }), []);
  });

  it('matches items of a list with keys, and no others, with their old selves', () => {
    const listOf = (more: Partial<JSONSchemaProps>): JSONSchemaProps =>
      schemaOf([], {
        list: {
          type: 'array',
          maxItems: 10,
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string', maxLength: 10 }, size: { type: 'integer' } },
            'x-kubernetes-validations': [{ rule: 'self.size >= oldSelf.size', message: 'may not shrink' }],
          },
          ...more,
        },
      });
    const keyed = listOf({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });
    const before = {
      spec: {
        list: [
          { name: 'a', size: 2 },
          { name: 'b', size: 1 },
        ],
      },
    };
    const after = {
      spec: {
        list: [
          { name: 'b', size: 1 },
          { name: 'a', size: 1 },
          { name: 'c', size: 0 },
        ],
      },
    };
    assert.deepEqual(errorsOf(keyed, after, before), [
      'spec.list[1]: Invalid value: "object": may not shrink',
    ]);
    assert.deepEqual(errorsOf(listOf({}), after, before), []);
  });

  it('lets a failure that stood before pass with a warning', () => {
    const before = { spec: { min: 3, max: 2 }, metadata: { labels: { a: '1' } } };
    const verdict = evaluate(ordered, { ...before, metadata: { labels: { a: '2' } } }, before);
    assert.deepEqual(verdict.errors, []);
    assert.equal(verdict.warnings.length, 1);
  });

  it('goes into maps, and names their keys', () => {
    const map: JSONSchemaProps = {
      type: 'object',
      maxProperties: 5,
      additionalProperties: {
        type: 'integer',
        'x-kubernetes-validations': [{ rule: 'self > 0', message: 'positive' }],
      },
    };
    assert.deepEqual(errorsOf(schemaOf([], { map }), { spec: { map: { a: 1, b: -1 } } }), [
      'spec.map[b]: Invalid value: "integer": positive',
    ]);
  });

  it('stops when the budget of the object is spent', () => {
    const rule = { rule: 'self.list.all(x, self.list.all(y, x != y || x == y))' };
    const list: JSONSchemaProps = { type: 'array', items: { type: 'integer' }, maxItems: 1500 };
    const schema = schemaOf([rule], { list });
    const { rules } = compileRules(schema, 'schema');
    const object = { spec: { list: Array.from({ length: 1500 }, (_item, index) => index) } };
    const [error] = evaluateRules(rules, { object, old: undefined }).errors;
    assert.match(error?.detail ?? '', /no further validation rules will be run/);
  });
});
