import { accountTokenAuthenticator } from '#apiserver/authentication/account-tokens.ts';
import {
  type Authenticator,
  createAuthenticator,
  type TokenAuthenticator,
} from '#apiserver/authentication/authenticator.ts';
import { bootstrapTokenAuthenticator } from '#apiserver/authentication/bootstrap-tokens.ts';
import { storedObjects } from '#apiserver/authentication/stored-objects.ts';
import type { TokenIssuer } from '#apiserver/authentication/token-request.ts';
import { createRbac, type Rbac, type RbacViews } from '#apiserver/authorization/rbac-authorizer.ts';
import { type Authorizer, firstOf, mastersAuthorizer } from '#apiserver/authorize.ts';
import { Fairness } from '#apiserver/fairness/fairness.ts';
import type { FlowControlViews } from '#apiserver/fairness/flow-control.ts';
import type { TokenKeys } from '#pki/token-keys.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

/** Who issues service account tokens, as upstream's installers have it: pods know the API server by this name. */
export const DEFAULT_TOKEN_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** Who a request is from, and what he may do. */
export interface AccessControl {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly tokens: TokenIssuer;
  readonly fairness: Fairness;
}

export interface AccessControlOptions {
  readonly store: Store;
  readonly views: RbacViews;
  readonly flowControl: FlowControlViews;
  readonly keys: TokenKeys;
  /** {@link DEFAULT_TOKEN_ISSUER} where absent. */
  readonly issuer?: string;
  /** Further kinds of tokens, asked after the built-in ones: those of people. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[];
  /** Asked between `system:masters` and RBAC: those of nodes and sites. */
  readonly authorizers?: readonly Authorizer[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Client certificates, service account tokens, bootstrap tokens and what else is configured; then RBAC. */
export function createAccessControl(options: AccessControlOptions): AccessControl {
  const { store, keys, clock, random, issuer = DEFAULT_TOKEN_ISSUER } = options;
  const objects = storedObjects(store);
  const audiences = [issuer];
  const shared = { objects, audiences, clock };
  const rbac = createRbac(options.views);
  return {
    authenticator: createAuthenticator({
      audiences,
      tokens: [
        accountTokenAuthenticator({ ...shared, keys, issuer }),
        bootstrapTokenAuthenticator(shared),
        ...(options.tokenAuthenticators ?? []),
      ],
    }),
    authorizer: firstOf([mastersAuthorizer, ...(options.authorizers ?? []), rbac]),
    rbac,
    tokens: { ...shared, keys, issuer, random },
    fairness: new Fairness(options.flowControl, clock),
  };
}
