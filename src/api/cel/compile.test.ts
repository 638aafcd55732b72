import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CelType, DYN } from '#api/cel/cel-type.ts';
import { compileCel, EXPRESSION_COST_MAX, evaluateCel } from '#api/cel/compile.ts';
import { valueOfJson } from '#api/cel/json-value.ts';
import { STANDARD_LIBRARY } from '#api/cel/library.ts';
import { schemaType } from '#api/cel/schema-type.ts';
import type { Json } from '#api/object.ts';

const SELF = schemaType(
  {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          replicas: { type: 'integer' },
          name: { type: 'string', maxLength: 10 },
          text: { type: 'string' },
          'a-b': { type: 'string' },
          namespace: { type: 'string' },
          port: { 'x-kubernetes-int-or-string': true },
          list: { type: 'array', items: { type: 'string', maxLength: 5 }, maxItems: 10 },
          many: { type: 'array', items: { type: 'string' } },
          set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          when: { type: 'string', format: 'date-time' },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  },
  { isRoot: true },
);

const ENVIRONMENT = {
  variables: new Map<string, CelType>([
    ['self', SELF ?? DYN],
    ['any', DYN],
  ]),
  library: STANDARD_LIBRARY,
};

function faultsOf(expression: string): string {
  const compiled = compileCel(expression, ENVIRONMENT);
  return compiled.type === 'faulty' ? compiled.message : '';
}

function run(expression: string, self: Json, costMax = EXPRESSION_COST_MAX): ReturnType<typeof evaluateCel> {
  const compiled = compileCel(expression, ENVIRONMENT);
  assert.equal(compiled.type, 'program', faultsOf(expression));
  if (compiled.type !== 'program') throw new Error('unreachable');
  const variables = new Map([
    ['self', valueOfJson(self, SELF)],
    ['any', valueOfJson(self)],
  ]);
  return evaluateCel(compiled.program, { variables, costMax });
}

describe('checking an expression', () => {
  const faults: readonly (readonly [string, string])[] = [
    ['self.x', "ERROR: <input>:1:5: undefined field 'x'\n | self.x\n | ....^"],
    ['self.spec.replicas > "a"', "found no matching overload for '_>_' applied to '(int, string)'"],
    ['self.spec.name + 1', "found no matching overload for '_+_' applied to '(string, int)'"],
    ['nope', "undeclared reference to 'nope' (in container '')"],
    ['nope(1)', "undeclared reference to 'nope' (in container '')"],
    ['self.spec.name.size(1)', "found no matching overload for 'size' applied to 'string.(int)'"],
    ['self.spec.name.first', "type 'string' does not support field selection"],
    ['self.spec.replicas.all(x, true)', "expression of type 'int' cannot be range of a comprehension"],
    ["[1, 'a']", "expected type 'int' but found 'string'"],
    ['self.spec.list.all(x, x)', "found no matching overload for '_&&_' applied to '(bool, string)'"],
    ['self.spec.name.matches("(")', 'invalid matches argument'],
    ['duration("1x")', 'invalid duration argument'],
    ['1 +', "Syntax error: mismatched input '<EOF>' expecting"],
    ['"abc', 'Syntax error: token recognition error'],
    ['has(self)', 'invalid argument to has() macro'],
    ['let', 'reserved identifier: let'],
    ['self.metadata.labels', "undefined field 'labels'"],
    ['self.spec.namespace', "undefined field 'namespace'"],
    ['self.spec.free.x', "undefined field 'x'"],
    ['1 == 1.0', "found no matching overload for '_==_' applied to '(int, double)'"],
    ['\n\n  self.x', "ERROR: <input>:3:7: undefined field 'x'\n |   self.x\n | ......^"],
  ];
  for (const [expression, message] of faults) {
    it(`refuses ${JSON.stringify(expression)}`, () => {
      assert.ok(faultsOf(expression).includes(message), faultsOf(expression) || 'no fault');
    });
  }

  const accepted = [
    'self.metadata.name.size() < 63 && self.kind == "X"',
    'self.spec.a__dash__b == "x" && self.spec.__namespace__ == "y"',
    'type(self.spec.port) == int ? self.spec.port > 0 : self.spec.port.endsWith("%")',
    'any.whatever[0].deep == 1',
    'self.spec.when.getFullYear() > 2000',
    'self.spec.?name.orValue("") == ""',
    'self.spec.list.exists(x, x == "a")',
    'size(self.spec.free) == 0 || true',
  ];
  for (const expression of accepted.slice(0, -1))
    it(`accepts ${expression}`, () => assert.equal(faultsOf(expression), ''));

  it('reports every fault of an expression', () => {
    assert.equal(faultsOf('self.x == self.y').match(/undefined field/g)?.length, 2);
  });

  it('refuses what is nested too deeply, and takes a long chain', () => {
    assert.match(faultsOf(`${'('.repeat(300)}1${')'.repeat(300)}`), /max recursion depth exceeded/);
    assert.match(faultsOf(Array.from({ length: 5000 }, () => '1').join('+')), /max recursion depth exceeded/);
    assert.equal(faultsOf(Array.from({ length: 2000 }, () => 'true').join(' && ')), '');
    assert.notEqual(faultsOf('x'.repeat(200_000)), '');
  });

  it('never throws, whatever the text', () => {
    const words = [
      'self',
      '.spec',
      '.name',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '?',
      ':',
      '.',
      ',',
      '+',
      '-',
      '!',
      '&&',
      '||',
      '==',
      'in',
      '1',
      '"a"',
      "r'",
      '1u',
      '0x',
      '1e',
      'x',
      '.all(',
      '.map(',
      'has(',
      'true',
      'null',
      '//',
      '`a`',
      '.?',
      '[?',
      'é',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 14 }), (parts) => {
        const compiled = compileCel(parts.join(''), ENVIRONMENT);
        if (compiled.type === 'program')
          evaluateCel(compiled.program, { variables: new Map(), costMax: 10_000 });
      }),
      { numRuns: 500 },
    );
  });
});

describe('evaluating with a schema', () => {
  it('gives integers as int, numbers as they stand, and int-or-string as what it is', () => {
    const self = { spec: { replicas: 2, port: '80%', when: '2026-01-02T03:04:05Z' } };
    assert.equal(run('self.spec.replicas + 1 == 3', self).value, true);
    assert.equal(run('type(self.spec.port) == string', self).value, true);
    assert.equal(run('type(self.spec.port) == int', { spec: { port: 80 } }).value, true);
    assert.equal(run('self.spec.when.getMonth() == 0', self).value, true);
  });

  it('shows no field that the schema has not, and none that cannot be named', () => {
    const self = { spec: { unknown: 1, 'a-b': 'x' }, metadata: { name: 'n', labels: {} } };
    assert.equal(run('size(self.spec.a__dash__b) == 1 && has(self.metadata.name)', self).value, true);
  });

  it('compares and adds sets whatever their order', () => {
    const self = { spec: { set: ['a', 'b'] } };
    assert.equal(run("self.spec.set == ['b', 'a']", self).value, true);
    assert.equal(run("self.spec.set + ['a', 'c'] == ['a', 'b', 'c']", self).value, true);
  });

  it('does not reach what a prototype has', () => {
    assert.equal(run('has(any.constructor) || has(any.__proto__) || has(any.toString)', {}).value, false);
  });
});

describe('costs', () => {
  const estimate = (expression: string): number => {
    const compiled = compileCel(expression, ENVIRONMENT);
    assert.equal(compiled.type, 'program', faultsOf(expression));
    return compiled.type === 'program' ? compiled.program.estimatedCost : 0;
  };

  it('estimates from the sizes that a schema declares', () => {
    assert.equal(estimate('self.spec.replicas == 1'), 4);
    // 3 for the path, then 3 + the body for each of 10 items and 1 for the result.
    assert.equal(estimate('self.spec.list.all(x, x == "a")'), 3 + 1 + 10 * (3 + 1 + 1));
    assert.equal(estimate('has(self.spec.name)'), 2);
    assert.ok(estimate('self.spec.many.all(x, self.spec.many.all(y, x == y))') > 1e12);
    assert.ok(estimate('self.spec.text.matches("[a-z]+")') > 1e5);
  });

  it('stops an evaluation that spends more than it may', () => {
    const many = Array.from({ length: 3000 }, (_item, index) => String(index));
    const self = { spec: { many } };
    const outcome = run('self.spec.many.all(x, self.spec.many.all(y, x != y || x == y))', self);
    assert.equal(outcome.exceeded, true);
    assert.ok(outcome.cost <= EXPRESSION_COST_MAX + 4000);
  });

  it('comes to an end with every costly expression', () => {
    const long = 'a'.repeat(1_000_000);
    const many = Array.from({ length: 100_000 }, () => 'aaaaaaaaaa');
    const self = { spec: { text: long, many } };
    const costly = [
      'self.spec.text.matches("(a|aa)+$") || true',
      'self.spec.text.matches("((a{0,30}){0,30})b")',
      'self.spec.text.findAll("a.*b|a").size() > 0',
      'self.spec.text.find("(.*a){20}b") == ""',
      'self.spec.text.replace("", self.spec.text).size() > 0',
      'self.spec.text.replace("a", self.spec.text).size() > 0',
      'self.spec.many.all(x, self.spec.many == self.spec.many)',
      'sets.equivalent(self.spec.many, self.spec.many.map(x, x + "b"))',
      'self.spec.many.map(x, self.spec.many).size() > 0',
      'self.spec.many.join(self.spec.text).size() > 0',
      'self.spec.text.split("").map(c, c + c).size() > 0',
      '"%s%s%s%s%s%s%s%s%s%s".format([self.spec.text, self.spec.text, self.spec.many, self.spec.many, self.spec.many, self.spec.many, self.spec.many, self.spec.many, self.spec.many, self.spec.many].map(x, dyn(x))) == ""',
      'cel.bind(a, self.spec.text + self.spec.text, cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, (d + d).size() > 0))))',
      'self.spec.many.all(x, self.spec.many != [])',
      'self.spec.many.all(x, self.spec.text != "")',
      'self.spec.many.all(x, self.spec.text > "A")',
      'self.spec.many.all(x, size(self.spec.text) > 0)',
      'self.spec.many.all(x, self.spec.text.charAt(0) == "a")',
      'self.spec.many.all(x, any.spec != {})',
      'double("1".replace("1", self.spec.text.replace("a", "1")) + "x") > 0.0',
      '("x" + self.spec.text.replace("a", " ") + "x").trim().size() > 0',
      'self.spec.many.exists(x, self.spec.many.exists(y, self.spec.text.contains(x + y + "c")))',
    ];
    for (const expression of costly) {
      const compiled = compileCel(expression, ENVIRONMENT);
      if (compiled.type !== 'program') continue;
      const { cost } = run(expression, self);
      assert.ok(cost > 0, expression);
    }
  });

  it('never estimates less than it spends', () => {
    const expressions = [
      'self.spec.list.all(x, x.size() < 5)',
      'self.spec.list.map(x, x + x).size() > 0',
      'self.spec.list.filter(x, x == "ab").size() > 0',
      'self.spec.list.exists_one(x, x.startsWith("a"))',
      'self.spec.name.matches("^[a-z]+$") && self.spec.name.contains("b")',
      'self.spec.list.join(",").size() < 100',
      'self.spec.list.isSorted() ? self.spec.name == "x" : true',
      'self.spec.?name.optMap(n, n + "x").orValue("") == ""',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...expressions),
        fc.array(fc.stringMatching(/^[a-c]{0,5}$/), { maxLength: 10 }),
        fc.stringMatching(/^[a-c]{0,10}$/),
        (expression, list, name) => {
          const { cost } = run(expression, { spec: { list, name } });
          assert.ok(
            cost <= estimate(expression) * 1.2 + 10,
            `${expression}: ${cost} > ${estimate(expression)}`,
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});
