import { textOf } from '#api/cel/argument.ts';
import { methodOf, type Overload } from '#api/cel/function.ts';
import type { CelObject, CelResult, CelValue } from '#api/cel/value.ts';
import { assert } from '#system/assert.ts';

/** What an expression asks about: whether a user may do something. */
export interface AccessQuestion {
  /** `system:serviceaccount:…` where the expression asks for a service account, else whoever sends the request. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined;
  readonly verb: string;
  readonly path: string | undefined;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** The answer to one question; synchronous, as authorisers here decide from what they hold. */
export type AnswerAccess = (question: AccessQuestion) => {
  readonly allowed: boolean;
  readonly reason: string;
};

/** Which check an authorizer value is on its way to. */
type Stage = 'Authorizer' | 'PathCheck' | 'GroupCheck' | 'ResourceCheck';

const BASE: AccessQuestion = {
  serviceAccount: undefined,
  verb: '',
  path: undefined,
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
};

/** `authorizer`, and the checks that are built from it. */
export class CelAuthorizer implements CelObject {
  readonly celType: string;
  readonly answer: AnswerAccess;
  readonly question: AccessQuestion;

  constructor(answer: AnswerAccess, stage: Stage = 'Authorizer', question: AccessQuestion = BASE) {
    this.celType = typeName(stage);
    this.answer = answer;
    this.question = question;
  }

  equals(other: CelObject): boolean {
    return other === this;
  }

  /** The check with more of its question known. */
  asking(stage: Stage, more: Partial<AccessQuestion>): CelAuthorizer {
    return new CelAuthorizer(this.answer, stage, { ...this.question, ...more });
  }
}

class CelDecision implements CelObject {
  readonly celType = 'kubernetes.authorization.Decision';
  readonly allowed: boolean;
  readonly reason: string;

  constructor({ allowed, reason }: { allowed: boolean; reason: string }) {
    this.allowed = allowed;
    this.reason = reason;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelDecision && other.allowed === this.allowed;
  }
}

function typeName(stage: Stage | 'Decision'): string {
  return `kubernetes.authorization.${stage}`;
}

function authorizerOf(value: CelValue | undefined): CelAuthorizer {
  assert(value instanceof CelAuthorizer, 'an authorizer is passed where the signature says so');
  return value;
}

function decisionOf(value: CelValue | undefined): CelDecision {
  assert(value instanceof CelDecision, 'a decision is passed where the signature says so');
  return value;
}

function step(
  from: Stage,
  name: string,
  to: Stage,
  more: (texts: readonly string[]) => Partial<AccessQuestion>,
): Overload {
  const parameters = name === 'serviceAccount' ? 'string, string' : 'string';
  return methodOf(typeName(from), `${name}(${parameters}): ${typeName(to)}`, ([a, ...rest]) =>
    authorizerOf(a).asking(to, more(rest.map(textOf))),
  );
}

/** Units of one question: two are allowed in an expression (Kubernetes). */
const CHECK = { cost: (): number => 350_000 };

function check(stage: Stage): Overload {
  return methodOf(
    typeName(stage),
    `check(string): ${typeName('Decision')}`,
    ([a, b]): CelResult => {
      const { answer, question } = authorizerOf(a);
      return new CelDecision(answer({ ...question, verb: textOf(b) }));
    },
    CHECK,
  );
}

/** Kubernetes' authorizer library, for admission policies. */
export const AUTHORIZERS: readonly Overload[] = [
  step('Authorizer', 'path', 'PathCheck', ([path]) => ({ path: path ?? '' })),
  step('Authorizer', 'group', 'GroupCheck', ([group]) => ({ group: group ?? '' })),
  step('Authorizer', 'serviceAccount', 'Authorizer', ([namespace = '', name = '']) => ({
    serviceAccount: { namespace, name },
  })),
  step('GroupCheck', 'resource', 'ResourceCheck', ([resource]) => ({ resource: resource ?? '' })),
  step('ResourceCheck', 'subresource', 'ResourceCheck', ([subresource]) => ({
    subresource: subresource ?? '',
  })),
  step('ResourceCheck', 'namespace', 'ResourceCheck', ([namespace]) => ({ namespace: namespace ?? '' })),
  step('ResourceCheck', 'name', 'ResourceCheck', ([name]) => ({ name: name ?? '' })),
  step('ResourceCheck', 'fieldSelector', 'ResourceCheck', () => ({})),
  step('ResourceCheck', 'labelSelector', 'ResourceCheck', () => ({})),
  check('PathCheck'),
  check('ResourceCheck'),
  methodOf(typeName('Decision'), 'allowed(): bool', ([a]) => decisionOf(a).allowed),
  methodOf(typeName('Decision'), 'reason(): string', ([a]) => decisionOf(a).reason),
  methodOf(typeName('Decision'), 'errored(): bool', () => false),
  methodOf(typeName('Decision'), 'error(): string', () => ''),
];
