import type { CustomResourceSubresourceScale } from '#api/apiextensions/custom-resource-definition.ts';
import { isMutableObject, type MutableJson, type MutableJsonObject, setProperty } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { badRequest } from '#api/status.ts';

/** What the Scale of a custom object says, by the paths of its definition. */
export interface ScaleNumbers {
  /** Undefined where the object has none. */
  readonly specReplicas: number | undefined;
  readonly statusReplicas: number;
  readonly selector: string;
}

export function customScale(object: KubeObject, scale: CustomResourceSubresourceScale): ScaleNumbers {
  const read = (path: string | undefined): MutableJson | undefined =>
    path === undefined || path === '' ? undefined : valueAt(object as unknown as MutableJsonObject, path);
  const [spec, status, selector] = [
    read(scale.specReplicasPath),
    read(scale.statusReplicasPath),
    read(scale.labelSelectorPath),
  ];
  return {
    specReplicas: typeof spec === 'number' ? spec : undefined,
    statusReplicas: typeof status === 'number' ? status : 0,
    selector: typeof selector === 'string' ? selector : '',
  };
}

/** Sets the wanted replicas, in place. Throws 400 where something that is no object stands in the way. */
export function setReplicas(object: KubeObject, path: string, replicas: number): void {
  const names = namesOf(path);
  const last = names.pop();
  let place = object as unknown as MutableJsonObject;
  for (const name of names) {
    const next = Object.hasOwn(place, name) ? place[name] : undefined;
    if (next === undefined || next === null) setProperty(place, name, {});
    const child = place[name];
    if (!isMutableObject(child)) throw badRequest(`the spec replicas field "${path}" cannot be set`);
    place = child;
  }
  if (last !== undefined) setProperty(place, last, replicas);
}

function valueAt(object: MutableJsonObject, path: string): MutableJson | undefined {
  let value: MutableJson | undefined = object;
  for (const name of namesOf(path)) {
    if (!isMutableObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function namesOf(path: string): string[] {
  return path.split('.').filter((name) => name !== '');
}
