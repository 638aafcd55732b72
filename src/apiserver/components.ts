import type { User } from '#apiserver/request.ts';

/** Who speaks in this very process: their requests are part of what others asked for, and wait for no seat. */
const COMPONENTS = new WeakSet<User>();

const MASTERS = 'system:masters';
const AUTHENTICATED = 'system:authenticated';
const ACCOUNTS = 'system:serviceaccounts';

/** Whether a user is a component of this process, which no transport and no token can make anybody. */
export function isComponent(user: User): boolean {
  return COMPONENTS.has(user);
}

/** The API server itself, as upstream's loopback client is called: everything is allowed. */
export const API_SERVER_USER: User = component('system:apiserver', [MASTERS, AUTHENTICATED]);

/** Accounts of controllers that upstream calls otherwise. */
const ACCOUNT_NAMES: Readonly<Record<string, string>> = {
  csrcleaner: 'certificate-controller',
  'daemonset-controller': 'daemon-set-controller',
  'node-lifecycle-taints': 'node-controller',
  'service-cidr-controller': 'service-cidrs-controller',
  'serviceaccount-token-controller': 'tokens-controller',
};

/**
 * A controller, under the account that upstream's controllers use each. What it may write is what it declares, which its executor
 * holds it to; the group lets all of that through.
 */
export function controllerUser(name: string): User {
  const groups = [MASTERS, ACCOUNTS, `${ACCOUNTS}:kube-system`, AUTHENTICATED];
  // There is a collector for each kind; upstream has one for all.
  const own = name.startsWith('garbage-collector-') ? 'generic-garbage-collector' : name;
  return component(`system:serviceaccount:kube-system:${ACCOUNT_NAMES[own] ?? own}`, groups);
}

/** The scheduler, by upstream's name; allowed what it declares, as controllers are. */
export const SCHEDULER_USER: User = component('system:kube-scheduler', [MASTERS, AUTHENTICATED]);

/** The end of a link: it writes at the hub what sites report, and at a site what the hub wants. */
export const LINK_USER: User = component('system:skerry:link', [MASTERS, AUTHENTICATED]);

/** The kubelet of this host: nothing but what the node authoriser and NodeRestriction allow any node. */
export function kubeletUser(nodeName: string): User {
  return component(`system:node:${nodeName}`, ['system:nodes', AUTHENTICATED]);
}

function component(name: string, groups: readonly string[]): User {
  const user: User = { name, groups };
  COMPONENTS.add(user);
  return user;
}
