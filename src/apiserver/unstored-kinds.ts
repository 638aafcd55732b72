import { apiServiceResource } from '#api/apiregistration/api-service.ts';
import { componentStatusResource } from '#api/core/component-status.ts';
import type { ResourceType } from '#api/resource.ts';
import type { ResourcePath } from '#apiserver/request-info.ts';

/** What discovery says of a kind. */
export type ListedKind = Pick<
  ResourceType<never>,
  | 'group'
  | 'version'
  | 'kind'
  | 'plural'
  | 'singular'
  | 'namespaced'
  | 'shortNames'
  | 'categories'
  | 'subresources'
  | 'schema'
> &
  Partial<Pick<ResourceType, 'storedAs' | 'custom'>> & {
    /** Those of every stored kind where absent. */
    readonly verbs?: readonly string[];
  };

/** A kind that is only posted, and answered at once. */
function posted(group: string, kind: string, { namespaced = false } = {}): ListedKind {
  const singular = kind.toLowerCase();
  return {
    group,
    version: 'v1',
    schema: `${group === '' ? 'core' : (group.split('.', 1)[0] ?? '')}/v1.${kind}`,
    kind,
    plural: `${singular}s`,
    singular,
    namespaced,
    shortNames: [],
    categories: [],
    subresources: [],
    verbs: ['create'],
  };
}

/** Kinds of which nothing is stored: their answers are made when they are asked for. */
export const UNSTORED_KINDS: readonly ListedKind[] = [
  posted('', 'Binding', { namespaced: true }),
  posted('authentication.k8s.io', 'SelfSubjectReview'),
  posted('authentication.k8s.io', 'TokenReview'),
  posted('authorization.k8s.io', 'LocalSubjectAccessReview', { namespaced: true }),
  posted('authorization.k8s.io', 'SelfSubjectAccessReview'),
  posted('authorization.k8s.io', 'SelfSubjectRulesReview'),
  posted('authorization.k8s.io', 'SubjectAccessReview'),
  { ...apiServiceResource, verbs: ['get', 'list'] },
  { ...componentStatusResource, verbs: ['get', 'list'] },
];

/** Whether a request is for a kind of which nothing is stored. */
export function isUnstored(info: ResourcePath): boolean {
  return UNSTORED_KINDS.some(
    ({ group, version, plural }) =>
      group === info.group && version === info.version && plural === info.plural,
  );
}
