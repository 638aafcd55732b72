import type { CelBinding } from '#api/cel/compile.ts';
import { valueOfJson } from '#api/cel/json-value.ts';
import { type AnswerAccess, CelAuthorizer } from '#api/cel/library-authorizer.ts';
import { NAMESPACE_TYPE, REQUEST_TYPE } from '#api/cel/policy-environment.ts';
import type { Namespace } from '#api/core/namespace.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { AdmissionRequest } from '#apiserver/admission/plugin.ts';
import type { Attributes, Authorizer } from '#apiserver/authorize.ts';
import type { User } from '#apiserver/request.ts';

/** The object as it is to be, as expressions see it: none on delete. */
export function newObjectOf(request: AdmissionRequest): KubeObject | undefined {
  return request.operation === 'delete' ? undefined : request.object;
}

function oldObjectOf(request: AdmissionRequest): KubeObject | undefined {
  return request.operation === 'delete' ? (request.old ?? request.object) : request.old;
}

function jsonOf(object: unknown): Json {
  return (object ?? null) as Json;
}

/** `object`, `oldObject`, `request`, `namespaceObject` and `authorizer` of a request, each made when it is first asked for. */
export function requestValues(
  request: AdmissionRequest,
  namespace: Namespace | undefined,
  authorizer: Authorizer,
): Map<string, CelBinding> {
  const access = new CelAuthorizer(accessOf(authorizer, request.user));
  const { group, plural } = request.type;
  return new Map<string, CelBinding>([
    ['object', () => valueOfJson(jsonOf(newObjectOf(request)))],
    ['oldObject', () => valueOfJson(jsonOf(oldObjectOf(request)))],
    ['request', () => valueOfJson(describeRequest(request), REQUEST_TYPE)],
    ['namespaceObject', () => valueOfJson(jsonOf(namespace), NAMESPACE_TYPE)],
    ['authorizer', access],
    [
      'authorizer.requestResource',
      access.asking('ResourceCheck', {
        group,
        resource: plural,
        subresource: request.subresource ?? '',
        namespace: request.namespace ?? '',
        name: request.name ?? '',
      }),
    ],
  ]);
}

/** `AdmissionRequest` without its objects, as `request` shows it. */
function describeRequest(request: AdmissionRequest): Json {
  const { type, user } = request;
  const kind = { group: request.kind.group, version: request.kind.version, kind: request.kind.kind };
  const resource = { group: type.group, version: type.version, resource: type.plural };
  const subResource = request.subresource ?? '';
  return {
    kind,
    resource,
    subResource,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: subResource,
    name: request.name ?? '',
    namespace: request.namespace ?? '',
    operation: request.operation.toUpperCase(),
    userInfo: {
      username: user.name,
      uid: user.uid ?? '',
      groups: user.groups,
      extra: user.extra ?? {},
    },
    dryRun: request.dryRun,
    options: optionsOf(request),
  };
}

const OPTION_KINDS: Readonly<Record<string, string>> = { create: 'CreateOptions', update: 'UpdateOptions' };

function optionsOf(request: AdmissionRequest): Json {
  const apiVersion = 'meta.k8s.io/v1';
  if (request.operation === 'delete')
    return { ...(jsonOf(request.deleteOptions) as object), apiVersion, kind: 'DeleteOptions' } as Json;
  const kind = OPTION_KINDS[request.operation];
  if (kind === undefined) return null;
  return {
    apiVersion,
    kind,
    ...(request.fieldManager === '' ? {} : { fieldManager: request.fieldManager }),
    ...(request.dryRun ? { dryRun: ['All'] } : {}),
  };
}

function accessOf(authorizer: Authorizer, user: User): AnswerAccess {
  return (question) => {
    const { serviceAccount, verb, path, group, resource, subresource, namespace, name } = question;
    const who = serviceAccount === undefined ? user : accountOf(serviceAccount);
    const attributes: Attributes =
      path === undefined
        ? {
            type: 'resource',
            verb,
            group,
            resource: subresource === '' ? resource : `${resource}/${subresource}`,
            namespace: namespace === '' ? undefined : namespace,
            name: name === '' ? undefined : name,
          }
        : { type: 'nonResource', verb, path };
    const { type, reason } = authorizer.authorize(who, attributes);
    return { allowed: type === 'allow', reason };
  };
}

function accountOf({ namespace, name }: { readonly namespace: string; readonly name: string }): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
