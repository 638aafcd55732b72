import { type ComponentStatus, componentStatusResource } from '#api/core/component-status.ts';
import { notFound } from '#api/status.ts';
import { STORE_CHECKS } from '#apiserver/health.ts';
import { representBytes } from '#apiserver/object-bytes.ts';
import { answerShapeOf } from '#apiserver/object-response.ts';
import { type ApiRequest, type ApiResponse, bytesResponse, jsonResponse, utf8 } from '#apiserver/request.ts';
import { addWarning, notesOf } from '#apiserver/request-notes.ts';
import { tableOf } from '#apiserver/table.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';

/** A component of this process, and what is wrong with it now; undefined where nothing is. */
export interface Component {
  readonly name: string;
  readonly fault: () => string | undefined;
}

/** What statuses are made from. */
export interface ComponentSources {
  readonly store: Store;
  readonly clock: Clock;
  readonly components: readonly Component[];
}

const DEPRECATION = 'v1 ComponentStatus is deprecated in v1.19+';

/** `kubectl get componentstatuses`: the store, under the name that upstream's first has, and the components beside the API. */
export async function serveComponentStatuses(
  sources: ComponentSources,
  request: ApiRequest,
  name: string | undefined,
): Promise<ApiResponse> {
  addWarning(notesOf(request), DEPRECATION);
  const { representation, include } = answerShapeOf(request);
  const statuses = [...sources.components.map(statusOf), await storeStatus(sources.store)];
  const wanted = name === undefined ? statuses : statuses.filter(({ metadata }) => metadata.name === name);
  if (name !== undefined && wanted.length === 0) throw notFound({ resource: 'componentstatuses', name });
  const values = wanted.map((status) => utf8(JSON.stringify(status)));
  const { shape, omitsManagedFields } = representation;
  if (shape === 'table')
    return bytesResponse(
      200,
      tableOf(componentStatusResource, values, {
        nowMs: sources.clock.now(),
        include,
        metadata: { resourceVersion: '' },
      }),
    );
  const shown = values.map((value) => representBytes(value, { shape, omitsManagedFields }));
  const [only] = shown;
  if (name !== undefined && only !== undefined) return bytesResponse(200, [only]);
  const items = shown.map((value) => JSON.parse(Buffer.from(value).toString('utf8')) as unknown);
  const [kind, apiVersion] =
    shape === 'object' ? ['ComponentStatusList', 'v1'] : ['PartialObjectMetadataList', 'meta.k8s.io/v1'];
  return jsonResponse(200, { kind, apiVersion, metadata: { resourceVersion: '' }, items });
}

function statusOf({ name, fault }: Component): ComponentStatus {
  return made(name, fault());
}

async function storeStatus(store: Store): Promise<ComponentStatus> {
  try {
    for (const { run } of STORE_CHECKS) await run(store);
    return made('etcd-0', undefined);
  } catch (error) {
    return made('etcd-0', error instanceof Error ? error.message : String(error));
  }
}

function made(name: string, fault: string | undefined): ComponentStatus {
  const condition =
    fault === undefined
      ? ({ type: 'Healthy', status: 'True', message: 'ok' } as const)
      : ({ type: 'Healthy', status: 'False', message: fault } as const);
  const metadata = { name, creationTimestamp: null } as unknown as ComponentStatus['metadata'];
  return { apiVersion: 'v1', kind: 'ComponentStatus', metadata, conditions: [condition] };
}
