import {
  type ApplicationInstance,
  type ApplicationInstanceStatus,
  applicationInstanceResource,
} from '#api/fleet/application-instance.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { Action } from '#reconcile/controller.ts';

/** Writes an instance's status where it changes. */
export function setStatus(instance: ApplicationInstance, status: ApplicationInstanceStatus): Action[] {
  if (equalJson((instance.status ?? {}) as Json, status as Json)) return [];
  const { namespace, name, resourceVersion } = instance.metadata;
  const absent = Object.fromEntries(
    Object.keys(instance.status ?? {})
      .filter((field) => !(field in status))
      .map((field) => [field, null]),
  );
  const patch = { metadata: { resourceVersion }, status: { ...status, ...absent } };
  return [
    {
      type: 'patchStatus',
      resource: applicationInstanceResource,
      name: { namespace, name },
      patch,
      why: `the application is ${status.phase ?? 'unknown'} here`,
    },
  ];
}
