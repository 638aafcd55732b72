import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, listKindOf, type ResourceType } from '#api/resource.ts';
import { notFound } from '#api/status.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';
import { representBytes } from '#apiserver/object-bytes.ts';
import { answerShapeOf } from '#apiserver/object-response.ts';
import { type ApiRequest, type ApiResponse, bytesResponse, jsonResponse, utf8 } from '#apiserver/request.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import { tableOf } from '#apiserver/table.ts';

/** The answer to a GET of objects that are not stored: all of them, or the one called `name`. Throws 404 where it is not there. */
export function madeObjectsResponse<T extends KubeObject>(
  type: ResourceType<T>,
  objects: readonly T[],
  { request, name, nowMs }: { request: ApiRequest; name: string | undefined; nowMs: number },
): ApiResponse {
  const { representation, include } = answerShapeOf(request);
  const wanted = name === undefined ? objects : objects.filter(({ metadata }) => metadata.name === name);
  if (name !== undefined && wanted.length === 0) throw notFound(subjectOf(type, name));
  const values = wanted.map((object) => utf8(JSON.stringify(object)));
  const metadata = { resourceVersion: '' };
  const { shape, omitsManagedFields } = representation;
  if (shape === 'table') return bytesResponse(200, tableOf(type, values, { nowMs, include, metadata }));
  const shown = values.map((value) => representBytes(value, { shape, omitsManagedFields }));
  const [only] = shown;
  if (name !== undefined && only !== undefined) return bytesResponse(200, [only]);
  const items = shown.map((value) => decodeObject(value));
  const [kind, apiVersion] =
    shape === 'object'
      ? [listKindOf(type), apiVersionOf(type)]
      : ['PartialObjectMetadataList', 'meta.k8s.io/v1'];
  return jsonResponse(200, { kind, apiVersion, metadata, items });
}
