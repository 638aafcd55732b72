import type { SchemaSet } from '#api/schema.ts';
import type { Attributes, Authorizer } from '#apiserver/authorize.ts';
import { decodeTypedBody } from '#apiserver/decode-object.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, type User } from '#apiserver/request.ts';
import type { RequestInfo } from '#apiserver/request-info.ts';

interface ResourceAttributes {
  verb?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

interface ReviewSpec {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: { path?: string; verb?: string };
}

/**
 * The answers that a user may always have of himself: who he is (`SelfSubjectReview`) and what he may do
 * (`SelfSubjectAccessReview`): nothing is stored. Undefined where the request asks for neither.
 */
export async function reviewAccess(
  { authorizer, schemas }: { readonly authorizer: Authorizer; readonly schemas: SchemaSet },
  {
    request,
    info,
    user,
  }: { request: ApiRequest; info: Extract<RequestInfo, { type: 'resource' }>; user: User },
): Promise<ApiResponse | undefined> {
  if (info.group === 'authentication.k8s.io' && info.plural === 'selfsubjectreviews') {
    const userInfo = { username: user.name, groups: user.groups };
    return jsonResponse(201, {
      kind: 'SelfSubjectReview',
      apiVersion: `${info.group}/${info.version}`,
      metadata: {},
      status: { userInfo },
    });
  }
  if (info.group !== 'authorization.k8s.io' || info.plural !== 'selfsubjectaccessreviews') return undefined;
  const review = decodeTypedBody<{ spec?: ReviewSpec }>(request, {
    schemas,
    schema: 'authorization/v1.SelfSubjectAccessReview',
    kind: 'SelfSubjectAccessReview',
    version: info.version,
  });
  const allowed = authorizer.allows(user, attributesOf(review.spec ?? {}));
  return jsonResponse(201, {
    ...review,
    kind: 'SelfSubjectAccessReview',
    apiVersion: `${info.group}/${info.version}`,
    status: { allowed },
  });
}

function attributesOf(spec: ReviewSpec): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource === undefined)
    return { type: 'nonResource', verb: path?.verb ?? 'get', path: path?.path ?? '/' };
  const subresource =
    resource.subresource === undefined || resource.subresource === '' ? '' : `/${resource.subresource}`;
  return {
    type: 'resource',
    verb: resource.verb ?? '',
    group: resource.group ?? '',
    resource: `${resource.resource ?? ''}${subresource}`,
    namespace: resource.namespace,
    name: resource.name,
  };
}
