import { createHash, timingSafeEqual } from 'node:crypto';
import { type Secret, secretResource } from '#api/core/secret.ts';
import { type TokenAuthenticator, TokenError } from '#apiserver/authentication/authenticator.ts';
import type { StoredObjects } from '#apiserver/authentication/stored-objects.ts';
import { type Clock, parseTimestamp } from '#system/clock.ts';

/** The type of Secrets that hold a bootstrap token. */
export const BOOTSTRAP_SECRET_TYPE = 'bootstrap.kubernetes.io/token';

/** Where these Secrets are. */
export const BOOTSTRAP_NAMESPACE = 'kube-system';

const BOOTSTRAP_GROUP = 'system:bootstrappers';
const EXTRA_GROUP_REGEXP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/u;

/** The text of one field of a Secret. */
export function secretField({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString('utf8');
}

/** When a bootstrap token ends; undefined where it does not, not-a-number where its field cannot be read. */
export function bootstrapExpiryMs(secret: Secret): number | undefined {
  const text = secretField(secret, 'expiration');
  return text === '' ? undefined : (parseTimestamp(text) ?? Number.NaN);
}

/**
 * Bootstrap tokens `ID.SECRET` (Kubernetes docs, "Authenticating with Bootstrap Tokens"): the Secret `bootstrap-token-ID` of
 * kube-system says whether it may be used so, until when, and for which groups.
 */
export function bootstrapTokenAuthenticator({
  objects,
  audiences,
  clock,
}: {
  objects: StoredObjects;
  audiences: readonly string[];
  clock: Clock;
}): TokenAuthenticator {
  return {
    async authenticate(token, wanted) {
      const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/u.exec(token);
      if (match === null) return undefined;
      const [, id = '', text = ''] = match;
      const secret = await objects.find(secretResource, {
        namespace: BOOTSTRAP_NAMESPACE,
        name: `bootstrap-token-${id}`,
      });
      if (secret === undefined || !isUsable(secret, { id, text, nowMs: clock.now() }))
        throw new TokenError('the bootstrap token is unknown, has expired or may not be used for this');
      const meant = wanted.filter((audience) => audiences.includes(audience));
      if (meant.length === 0) throw new TokenError('the token is not meant for these audiences');
      const user = {
        name: `system:bootstrap:${id}`,
        groups: [BOOTSTRAP_GROUP, ...extraGroups(secret), 'system:authenticated'],
      };
      return { user, audiences: meant };
    },
  };
}

function isUsable(secret: Secret, { id, text, nowMs }: { id: string; text: string; nowMs: number }): boolean {
  if (secret.type !== BOOTSTRAP_SECRET_TYPE || secret.metadata.deletionTimestamp !== undefined) return false;
  if (secretField(secret, 'token-id') !== id || !isSameText(secretField(secret, 'token-secret'), text))
    return false;
  const endMs = bootstrapExpiryMs(secret);
  // A time that cannot be read is over.
  if (endMs !== undefined && !(endMs > nowMs)) return false;
  return secretField(secret, 'usage-bootstrap-authentication') === 'true';
}

/** Compares in constant time, whatever the lengths. */
function isSameText(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/** One group that does not begin as it must makes the whole token unusable: nobody is to be let in halfway. */
function extraGroups(secret: Secret): readonly string[] {
  const groups = secretField(secret, 'auth-extra-groups')
    .split(',')
    .filter((group) => group !== '');
  if (groups.every((group) => EXTRA_GROUP_REGEXP.test(group))) return groups;
  throw new TokenError('the bootstrap token names a group outside of system:bootstrappers:');
}
