import type { User } from '#apiserver/request.ts';

/** What a request wants to do, in the words of RBAC rules. */
export type Attributes =
  | {
      readonly type: 'resource';
      readonly verb: string;
      readonly group: string;
      /** `pods`, or `pods/log` for a subresource. */
      readonly resource: string;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      /** As the client wrote it; absent where there is none. */
      readonly fieldSelector?: string | undefined;
    }
  | { readonly type: 'nonResource'; readonly verb: string; readonly path: string };

/** What is asked of an object or of a collection. */
export type ResourceAttributes = Extract<Attributes, { type: 'resource' }>;

/** What an authoriser says. `noOpinion` leaves it to the next one; where nobody allows, the answer is no. */
export interface Decision {
  readonly type: 'allow' | 'deny' | 'noOpinion';
  /** Why, for reviews and refusals; often empty. */
  readonly reason: string;
}

/** Says whether a user may do something. On the way of every request: fast, and without effects. */
export interface Authorizer {
  readonly authorize: (user: User, attributes: Attributes) => Decision;
}

/** The answer of an authoriser that knows nothing of the matter. */
export const NO_OPINION: Decision = { type: 'noOpinion', reason: '' };

const ALLOWED_AS_MASTER: Decision = { type: 'allow', reason: '' };

/** Members of `system:masters` may do everything (Kubernetes' break-glass group). */
export const mastersAuthorizer: Authorizer = {
  authorize: (user) => (user.groups.includes('system:masters') ? ALLOWED_AS_MASTER : NO_OPINION),
};

/** The first of `authorizers` that allows or denies decides. */
export function firstOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(user, attributes) {
      let reason = '';
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(user, attributes);
        if (decision.type !== 'noOpinion') return decision;
        if (decision.reason !== '')
          reason = reason === '' ? decision.reason : `${reason}, ${decision.reason}`;
      }
      return reason === '' ? NO_OPINION : { type: 'noOpinion', reason };
    },
  };
}

/** `User "ann" cannot list resource "pods" in API group "" in the namespace "shop"`: for the message of a refusal. */
export function describeRefusal(user: User, attributes: Attributes): string {
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (attributes.type === 'nonResource') return `${who} path "${attributes.path}"`;
  const scope =
    attributes.namespace === undefined || attributes.namespace === ''
      ? 'at the cluster scope'
      : `in the namespace "${attributes.namespace}"`;
  return `${who} resource "${attributes.resource}" in API group "${attributes.group}" ${scope}`;
}
