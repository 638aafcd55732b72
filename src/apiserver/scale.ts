import type { Scale } from '#api/autoscaling/scale.ts';
import { checkFields } from '#api/check-fields.ts';
import type { Json, KubeObject, LabelSelector } from '#api/object.ts';
import { applyJsonPatch } from '#api/patch-json.ts';
import { applyMergePatch } from '#api/patch-merge.ts';
import type { ResourceType } from '#api/resource.ts';
import { compileLabelSelector, compileLabelSet, formatSelector } from '#api/selector.ts';
import { badRequest, invalid, notFound, StatusError } from '#api/status.ts';
import { customScale, setReplicas } from '#apiserver/custom/custom-scale.ts';
import { servedEntry } from '#apiserver/custom/stored-form.ts';
import { mediaTypeOf } from '#apiserver/decode-body.ts';
import { decodeTypedBody } from '#apiserver/decode-object.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';
import { decodePatch, patchKindOf } from '#apiserver/patch.ts';
import { type ApiRequest, type ApiResponse, jsonResponse } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { ResourceRequest } from '#apiserver/verbs.ts';
import { writeRequestOf } from '#apiserver/write-options.ts';

const SCALE_SCHEMA = 'autoscaling/v1.Scale';

type Scalable = KubeObject & {
  spec: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
};

/** The `autoscaling/v1.Scale` of a workload, or of a custom object that has one. */
export function scaleOf(object: KubeObject, type: Pick<ResourceType, 'custom'>): Scale {
  const { metadata } = object;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
    },
    ...numbersOf(object, type),
  };
}

function numbersOf(
  object: KubeObject,
  { custom }: Pick<ResourceType, 'custom'>,
): Pick<Scale, 'spec' | 'status'> {
  if (custom?.scale === undefined) {
    const { spec, status } = object as Scalable;
    return {
      spec: { replicas: spec.replicas ?? 1 },
      status: { replicas: status?.replicas ?? 0, selector: selectorText(spec.selector) },
    };
  }
  const { specReplicas, statusReplicas, selector } = customScale(object, custom.scale);
  if (specReplicas === undefined)
    throw new StatusError(
      'NotFound',
      `the spec replicas field "${custom.scale.specReplicasPath}" does not exist`,
    );
  return {
    spec: { replicas: specReplicas },
    status: { replicas: statusReplicas, ...(selector === '' ? {} : { selector }) },
  };
}

/** The Scale that a request changes: of a custom object that has no replicas yet, one of 0. */
function changeableScale(object: KubeObject, type: Pick<ResourceType, 'custom'>): Scale {
  const scale = type.custom?.scale;
  if (scale === undefined || customScale(object, scale).specReplicas !== undefined)
    return scaleOf(object, type);
  const filled = structuredClone(object);
  setReplicas(filled, scale.specReplicasPath, 0);
  return scaleOf(filled, type);
}

/** A replication controller's selector is a plain set of labels, all others' a LabelSelector. */
function selectorText(selector: LabelSelector | Record<string, string> | undefined): string {
  if (selector === undefined) return '';
  const isSet = Object.values(selector).every((value) => typeof value === 'string');
  const matcher = isSet
    ? compileLabelSet(selector as Record<string, string>)
    : compileLabelSelector(selector as LabelSelector);
  return formatSelector(matcher.requirements);
}

/** The workload with the replicas that a Scale asks for. Throws 422 on a negative or broken number. */
export function withScale(
  current: KubeObject,
  scale: KubeObject,
  { custom }: Pick<ResourceType, 'custom'>,
): KubeObject {
  const { metadata, spec } = scale as KubeObject & { spec?: { replicas?: unknown } };
  const replicas = spec?.replicas ?? 0;
  if (scale.kind !== undefined && scale.kind !== 'Scale')
    throw badRequest(`a Scale is wanted, got kind "${scale.kind}"`);
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    throw invalid({ kind: 'Scale', group: 'autoscaling', name: current.metadata.name }, [
      {
        type: 'Invalid',
        field: 'spec.replicas',
        value: replicas,
        detail: 'must be greater than or equal to 0',
      },
    ]);
  }
  const target = current as Scalable;
  if (custom?.scale === undefined) target.spec.replicas = replicas;
  else setReplicas(current, custom.scale.specReplicasPath, replicas);
  const demanded = metadata?.resourceVersion;
  if (demanded !== undefined && demanded !== '') target.metadata.resourceVersion = demanded;
  return target;
}

/** GET, PUT and PATCH of `…/scale`. */
export async function serveScale(
  context: RestContext,
  call: ResourceRequest & { readonly name: string },
): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  if (request.method === 'GET') {
    const stored = await context.store.get(objectStoreKey(type, { namespace: info.namespace, name }));
    if (stored === undefined) throw notFound(subjectOf(type, name));
    const entry = await servedEntry(type, stored, context.convert);
    return jsonResponse(200, scaleOf(decodeObject(entry.value), type));
  }
  const read = scaleReader(context, request, type);
  const entry = await updateObject(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: 'scale',
    change: (current) => withScale(current, read(changeableScale(current, type)), type),
  });
  return jsonResponse(200, scaleOf(decodeObject(entry.value), type));
}

/** How the request makes a new Scale of the current one. */
function scaleReader(
  { schemas }: RestContext,
  request: ApiRequest,
  type: ResourceType,
): (current: Scale) => KubeObject {
  if (request.method === 'PUT') {
    const check = { schemas, schema: SCALE_SCHEMA, kind: 'Scale', version: 'v1' };
    const scale = decodeTypedBody<KubeObject>(request, check);
    return () => scale;
  }
  if (request.method !== 'PATCH')
    throw new StatusError('MethodNotAllowed', 'the server does not allow this method on a scale');
  const kind = patchKindOf(mediaTypeOf(request.headers['content-type']), type);
  if (kind === 'apply')
    throw new StatusError(
      'UnsupportedMediaType',
      'a scale cannot be applied: send a merge patch or a JSON patch',
    );
  const patch = decodePatch(request.body, kind).value as Json;
  return (current) => {
    const target = current as unknown as { readonly [key: string]: Json };
    const scale = kind === 'json' ? applyJsonPatch(target, patch) : applyMergePatch(target, patch);
    checkFields(scale, { schemas, schema: schemas.get(SCALE_SCHEMA), kind: 'Scale', version: 'v1' });
    return scale as unknown as KubeObject;
  };
}
