import type { User } from '#apiserver/request.ts';

const ACCOUNT_PREFIX = 'system:serviceaccount:';

/** A service account, by the two names that make up its user name. */
export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/** `system:serviceaccount:NAMESPACE:NAME`. */
export function accountUserName({ namespace, name }: AccountName): string {
  return `${ACCOUNT_PREFIX}${namespace}:${name}`;
}

/** The account that a user name stands for, or undefined where it is a person's. */
export function accountOfUserName(userName: string): AccountName | undefined {
  const match = /^system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})$/u.exec(userName);
  return match === null ? undefined : { namespace: match[1] ?? '', name: match[2] ?? '' };
}

/** The groups that every service account of a namespace is in. */
export function accountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** A service account as a user. */
export function accountUser(
  account: AccountName & { readonly uid: string },
  extra: Readonly<Record<string, readonly string[]>>,
): User {
  return {
    name: accountUserName(account),
    uid: account.uid,
    groups: [...accountGroups(account.namespace), 'system:authenticated'],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
