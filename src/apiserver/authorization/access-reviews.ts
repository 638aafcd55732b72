import {
  type AccessReview,
  validateAccessReview,
  validateLocalAccessReview,
  validateSelfAccessReview,
} from '#api/authorization/review-validation.ts';
import type { SelfSubjectRulesReviewSpec } from '#api/authorization/self-subject-rules-review.ts';
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from '#api/authorization/subject-access-review.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import type { SchemaSet } from '#api/schema.ts';
import { badRequest, type FieldError, invalid, otherNamespace } from '#api/status.ts';
import type { Authenticator } from '#apiserver/authentication/authenticator.ts';
import { serveTokenReview, userInfoOf } from '#apiserver/authentication/token-review.ts';
import { decodeReview } from '#apiserver/authorization/decode-review.ts';
import type { Rbac } from '#apiserver/authorization/rbac-authorizer.ts';
import type { Attributes, Authorizer } from '#apiserver/authorize.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, type User } from '#apiserver/request.ts';
import type { ResourcePath } from '#apiserver/request-info.ts';

const AUTHENTICATION_GROUP = 'authentication.k8s.io';
const AUTHORIZATION_GROUP = 'authorization.k8s.io';

/** Versions in which kubectl 1.27 still asks who it is. */
const SELF_REVIEW_VERSIONS = new Set(['v1', 'v1beta1', 'v1alpha1']);

export interface ReviewOptions {
  readonly schemas: SchemaSet;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly rbac: Rbac;
}

interface ReviewCall {
  readonly request: ApiRequest;
  readonly info: ResourcePath;
  readonly user: User;
}

/** The answer to a review; undefined where the request is for none. That the user may ask has been found out before. */
export async function serveReview(
  options: ReviewOptions,
  call: ReviewCall,
): Promise<ApiResponse | undefined> {
  const { info, request } = call;
  if (request.method !== 'POST' || info.name !== undefined) return undefined;
  if (info.group !== AUTHENTICATION_GROUP && info.group !== AUTHORIZATION_GROUP) return undefined;
  if (info.plural === 'selfsubjectreviews' && SELF_REVIEW_VERSIONS.has(info.version))
    return serveSelfReview(options, call);
  if (info.version !== 'v1') return undefined;
  switch (info.plural) {
    case 'tokenreviews':
      return serveTokenReview(request, { ...options, version: info.version });
    case 'selfsubjectaccessreviews':
      return serveAccessReview(options, call, { kind: 'SelfSubjectAccessReview' });
    case 'subjectaccessreviews':
      return serveAccessReview(options, call, { kind: 'SubjectAccessReview' });
    case 'localsubjectaccessreviews':
      return info.namespace === undefined
        ? undefined
        : serveAccessReview(options, call, { kind: 'LocalSubjectAccessReview' });
    case 'selfsubjectrulesreviews':
      return serveRulesReview(options, call);
    default:
      return undefined;
  }
}

function serveSelfReview({ schemas }: ReviewOptions, { request, info, user }: ReviewCall): ApiResponse {
  const { metadata } = decodeReview<Partial<KubeObject>>(request, {
    schemas,
    schema: 'authentication/v1.SelfSubjectReview',
    kind: 'SelfSubjectReview',
    version: info.version,
  });
  return reviewAnswer(info, {
    kind: 'SelfSubjectReview',
    metadata: { ...metadata, creationTimestamp: null },
    status: { userInfo: userInfoOf(user) },
  });
}

function reviewAnswer(info: { group: string; version: string }, review: object): ApiResponse {
  return jsonResponse(201, { ...review, apiVersion: `${info.group}/${info.version}` });
}

type AccessReviewKind = 'SelfSubjectAccessReview' | 'SubjectAccessReview' | 'LocalSubjectAccessReview';

function serveAccessReview(
  { schemas, authorizer }: ReviewOptions,
  { request, info, user }: ReviewCall,
  { kind }: { kind: AccessReviewKind },
): ApiResponse {
  const review = decodeReview<Partial<KubeObject> & AccessReview>(request, {
    schemas,
    schema: `authorization/v1.${kind}`,
    kind,
    version: info.version,
  });
  const { spec = {} } = review;
  const metadata = namespacedMetadata(
    review,
    kind === 'LocalSubjectAccessReview' ? info.namespace : undefined,
  );
  const errors = reviewErrors(kind, { metadata, spec }, info.namespace ?? '');
  if (errors.length > 0) throw invalid({ kind, group: AUTHORIZATION_GROUP, name: '' }, errors);
  const subject = kind === 'SelfSubjectAccessReview' ? user : subjectOf(spec);
  const { type, reason } = authorizer.authorize(subject, attributesOf(spec));
  const status = {
    allowed: type === 'allow',
    ...(type === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
  };
  return reviewAnswer(info, { kind, metadata: { ...metadata, creationTimestamp: null }, spec, status });
}

/** The namespace of the path is the question's; one of its own must be the same. */
function namespacedMetadata(
  { metadata }: Partial<KubeObject>,
  namespace: string | undefined,
): Partial<ObjectMeta> {
  if (namespace === undefined) return metadata ?? {};
  if ((metadata?.namespace ?? namespace) !== namespace) throw otherNamespace();
  return { ...metadata, namespace };
}

function reviewErrors(kind: AccessReviewKind, review: AccessReview, namespace: string): FieldError[] {
  switch (kind) {
    case 'SelfSubjectAccessReview':
      return validateSelfAccessReview(review);
    case 'SubjectAccessReview':
      return validateAccessReview(review);
    case 'LocalSubjectAccessReview':
      return validateLocalAccessReview(review, namespace);
  }
}

function subjectOf({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): User {
  return {
    name: user,
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
}

function attributesOf({
  resourceAttributes: resource,
  nonResourceAttributes: path,
}: {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: NonResourceAttributes;
}): Attributes {
  if (resource === undefined) return { type: 'nonResource', verb: path?.verb ?? '', path: path?.path ?? '' };
  const { subresource = '', namespace = '', name = '' } = resource;
  return {
    type: 'resource',
    verb: resource.verb ?? '',
    group: resource.group ?? '',
    resource: `${resource.resource ?? ''}${subresource === '' ? '' : `/${subresource}`}`,
    namespace: namespace === '' ? undefined : namespace,
    name: name === '' ? undefined : name,
    fieldSelector: resource.fieldSelector?.rawSelector,
  };
}

function serveRulesReview(
  { schemas, rbac }: ReviewOptions,
  { request, info, user }: ReviewCall,
): ApiResponse {
  const kind = 'SelfSubjectRulesReview';
  const { spec = {} } = decodeReview<{ spec?: SelfSubjectRulesReviewSpec }>(request, {
    schemas,
    schema: `authorization/v1.${kind}`,
    kind,
    version: info.version,
  });
  const { namespace = '' } = spec;
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, missing } = rbac.rulesOf(user, namespace);
  const isNode = user.groups.includes('system:nodes');
  const faults = [...missing, ...(isNode ? ['node authorizer does not support user rule resolution'] : [])];
  const status = {
    resourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs === undefined).map(resourceRuleOf),
    nonResourceRules: rules.flatMap(({ nonResourceURLs, verbs }) =>
      nonResourceURLs === undefined ? [] : [{ verbs, nonResourceURLs }],
    ),
    incomplete: faults.length > 0,
    ...(faults.length === 0 ? {} : { evaluationError: faults.join(', ') }),
  };
  return reviewAnswer(info, { kind, metadata: { creationTimestamp: null }, spec: {}, status });
}

function resourceRuleOf({ verbs, apiGroups, resources, resourceNames }: PolicyRule): object {
  return { verbs, apiGroups, resources, ...(resourceNames === undefined ? {} : { resourceNames }) };
}
