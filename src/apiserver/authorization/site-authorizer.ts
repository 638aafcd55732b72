import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { siteResource } from '#api/fleet/site.ts';
import { type Authorizer, type Decision, NO_OPINION, type ResourceAttributes } from '#apiserver/authorize.ts';
import type { View, ViewIndex } from '#client/view.ts';
import type { Views } from '#client/views.ts';

/** The group and the user name prefix in a site's certificate. */
export const SITES_GROUP = 'skerry:sites';
export const SITE_USER_PREFIX = 'skerry:site:';

const FLEET = 'fleet.skerry.io';
const READ = ['get', 'list', 'watch'];
const CHANGE = ['get', 'patch', 'update'];
const ALLOWED: Decision = { type: 'allow', reason: '' };
const BLOCKED: Decision = { type: 'deny', reason: 'the site is blocked' };

/** Which revisions each site is to run, by `namespace/name`, and by how many of its instances. */
const REVISIONS: ViewIndex<ApplicationInstance, Map<string, Map<string, number>>> = {
  type: applicationInstanceResource,
  create: () => new Map(),
  take(state, { object, previous }) {
    if (previous !== undefined) count(state, previous, -1);
    if (object !== undefined) count(state, object, 1);
  },
};

function count(
  state: Map<string, Map<string, number>>,
  { metadata, spec }: ApplicationInstance,
  by: number,
): void {
  const revisions = state.get(spec.site) ?? new Map<string, number>();
  const key = `${metadata.namespace ?? ''}/${spec.revision.name}`;
  const left = (revisions.get(key) ?? 0) + by;
  if (left > 0) revisions.set(key, left);
  else revisions.delete(key);
  if (revisions.size > 0) state.set(spec.site, revisions);
  else state.delete(spec.site);
}

/** The site that a user name stands for; undefined where it is none. */
export function siteOfUser(user: {
  readonly name: string;
  readonly groups: readonly string[];
}): string | undefined {
  if (!user.name.startsWith(SITE_USER_PREFIX) || !user.groups.includes(SITES_GROUP)) return undefined;
  return user.name.slice(SITE_USER_PREFIX.length);
}

/**
 * What a site's certificate may do at its hub, in the manner of Kubernetes' node authoriser: read its own Site and write that
 * one's status, read its own ApplicationInstances and write their status, read the revisions that these name. Of anything else
 * it has no opinion: RBAC gives sites nothing by default. A site that is blocked may do nothing.
 */
export function siteAuthorizer(views: Views): Authorizer {
  const instances = views.of(applicationInstanceResource);
  const revisions = instances.index(REVISIONS);
  const sites = views.of(siteResource);
  return {
    authorize(user, attributes) {
      const site = siteOfUser(user);
      if (site !== undefined && sites.get(site)?.spec.blocked === true) return BLOCKED;
      if (site === undefined || attributes.type !== 'resource' || attributes.group !== FLEET)
        return NO_OPINION;
      return mayTouch(attributes, { site, instances, revisions }) ? ALLOWED : NO_OPINION;
    },
  };
}

function mayTouch(
  { verb, resource, namespace = '', name, fieldSelector }: ResourceAttributes,
  {
    site,
    instances,
    revisions,
  }: {
    site: string;
    instances: View<ApplicationInstance>;
    revisions: ReadonlyMap<string, ReadonlyMap<string, number>>;
  },
): boolean {
  switch (resource) {
    case 'sites':
      return name === site && READ.includes(verb);
    case 'sites/status':
      return name === site && CHANGE.includes(verb);
    case 'applicationinstances':
      if (name === undefined) return READ.includes(verb) && fieldSelector === `spec.site=${site}`;
      return verb === 'get' && instances.get(`${namespace}/${name}`)?.spec.site === site;
    case 'applicationinstances/status':
      return CHANGE.includes(verb) && instances.get(`${namespace}/${name ?? ''}`)?.spec.site === site;
    case 'applicationrevisions':
      return verb === 'get' && revisions.get(site)?.has(`${namespace}/${name ?? ''}`) === true;
    default:
      return false;
  }
}
