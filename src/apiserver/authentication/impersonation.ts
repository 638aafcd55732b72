import { badRequest } from '#api/status.ts';
import { accountGroups, accountOfUserName } from '#apiserver/authentication/service-account-user.ts';
import type { Attributes } from '#apiserver/authorize.ts';
import type { ApiRequest, User } from '#apiserver/request.ts';

const USER_HEADER = 'impersonate-user';
const GROUP_HEADER = 'impersonate-group';
const UID_HEADER = 'impersonate-uid';
const EXTRA_PREFIX = 'impersonate-extra-';

/** Groups and extra values that one request may ask for; more is 400. */
const VALUES_MAX = 64;

const AUTHENTICATION_GROUP = 'authentication.k8s.io';

/** As whom a request wants to be served, and everything that the sender must be allowed to `impersonate` for that. */
export interface Impersonation {
  readonly user: User;
  readonly needed: readonly Attributes[];
}

/**
 * What the `Impersonate-*` headers ask for (Kubernetes docs, "User impersonation"); undefined where there is none. Groups that
 * stand in several headers arrive joined by a comma and a space, which a group's name can therefore not have in it.
 */
export function impersonationOf({ headers }: ApiRequest): Impersonation | undefined {
  let asked = false;
  for (const name in headers)
    if (name.startsWith('impersonate-') && headers[name] !== undefined) asked = true;
  return asked ? readImpersonation(headers) : undefined;
}

function readImpersonation(headers: ApiRequest['headers']): Impersonation {
  const name = headers[USER_HEADER] ?? '';
  const groups = valuesOf(headers[GROUP_HEADER]);
  const uid = headers[UID_HEADER] ?? '';
  const extra = extraOf(headers);
  if (name === '')
    throw badRequest(
      'Impersonate-Group, Impersonate-Uid and Impersonate-Extra are for use with Impersonate-User only',
    );
  const values = [...groups, ...Object.values(extra).flat()];
  if (values.length > VALUES_MAX)
    throw badRequest(
      `${values.length} groups and extra values are impersonated, at most ${VALUES_MAX} are read`,
    );
  return {
    user: {
      name,
      groups: groupsOf(name, groups),
      ...(uid === '' ? {} : { uid }),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    },
    needed: [
      userAttributes(name),
      ...groups.map((group) => attributes({ resource: 'groups', name: group })),
      ...Object.entries(extra).flatMap(([key, items]) =>
        items.map((item) =>
          attributes({ group: AUTHENTICATION_GROUP, resource: `userextras/${key}`, name: item }),
        ),
      ),
      ...(uid === '' ? [] : [attributes({ group: AUTHENTICATION_GROUP, resource: 'uids', name: uid })]),
    ],
  };
}

/** Whoever is somebody is authenticated; a service account is in its groups unless the request names others. */
function groupsOf(name: string, asked: readonly string[]): readonly string[] {
  const account = accountOfUserName(name);
  const groups = asked.length === 0 && account !== undefined ? accountGroups(account.namespace) : asked;
  const everybody = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return groups.includes(everybody) ? groups : [...groups, everybody];
}

function userAttributes(name: string): Attributes {
  const account = accountOfUserName(name);
  return account === undefined
    ? attributes({ resource: 'users', name })
    : attributes({ resource: 'serviceaccounts', namespace: account.namespace, name: account.name });
}

function attributes({
  group = '',
  resource,
  namespace,
  name,
}: {
  group?: string;
  resource: string;
  namespace?: string;
  name: string;
}): Attributes {
  return { type: 'resource', verb: 'impersonate', group, resource, namespace, name };
}

function valuesOf(header: string | undefined): readonly string[] {
  return (header ?? '').split(', ').filter((value) => value !== '');
}

/** Keys are percent-encoded in the header's name, and in lower case. */
function extraOf(headers: ApiRequest['headers']): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(EXTRA_PREFIX)) continue;
    const key = decodeKey(name.slice(EXTRA_PREFIX.length));
    if (key !== '') Object.defineProperty(extra, key, { value: valuesOf(value), enumerable: true });
  }
  return extra;
}

function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text).toLowerCase();
  } catch {
    // As upstream: what is not encoded is taken as it is.
    return text;
  }
}
