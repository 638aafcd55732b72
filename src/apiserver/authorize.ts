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
    }
  | { readonly type: 'nonResource'; readonly verb: string; readonly path: string };

/** Says whether a user may do something; no opinion is no. */
export interface Authorizer {
  readonly allows: (user: User, attributes: Attributes) => boolean;
}

/** Members of `system:masters` may do everything (Kubernetes' break-glass group). */
export const mastersAuthorizer: Authorizer = {
  allows: (user) => user.groups.includes('system:masters'),
};

/** Paths that every authenticated user may read: `system:discovery` of a default Kubernetes. */
const DISCOVERY_PATH_REGEXP = /^\/(?:version|healthz|livez|readyz|api|apis|openapi)(?:\/|$)/u;

/** Discovery and health for every authenticated user. */
export const discoveryAuthorizer: Authorizer = {
  allows: (user, attributes) =>
    attributes.type === 'nonResource' &&
    (attributes.verb === 'get' || attributes.verb === 'head') &&
    DISCOVERY_PATH_REGEXP.test(attributes.path) &&
    user.groups.includes('system:authenticated'),
};

/** Allows what any of `authorizers` allows. */
export function anyOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    allows: (user, attributes) => authorizers.some((authorizer) => authorizer.allows(user, attributes)),
  };
}

/** `pods/log`, `deployments.apps`: for the message of a refusal. */
export function describeAttributes(attributes: Attributes): string {
  if (attributes.type === 'nonResource') return `cannot ${attributes.verb} path "${attributes.path}"`;
  const scope =
    attributes.namespace === undefined
      ? 'at the cluster scope'
      : `in the namespace "${attributes.namespace}"`;
  return `cannot ${attributes.verb} resource "${attributes.resource}" in API group "${attributes.group}" ${scope}`;
}
