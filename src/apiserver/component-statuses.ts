import { type ComponentStatus, componentStatusResource } from '#api/core/component-status.ts';
import { STORE_CHECKS } from '#apiserver/health.ts';
import { madeObjectsResponse } from '#apiserver/made-objects.ts';
import type { ApiRequest, ApiResponse } from '#apiserver/request.ts';
import { addWarning, notesOf } from '#apiserver/request-notes.ts';
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
  const statuses = [...sources.components.map(statusOf), await storeStatus(sources.store)];
  return madeObjectsResponse(componentStatusResource, statuses, {
    request,
    name,
    nowMs: sources.clock.now(),
  });
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
