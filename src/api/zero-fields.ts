import { isComplete, isComposite } from '#api/complete-fields.ts';
import { isMutableObject, type MutableJson, type MutableJsonObject, propertyOf } from '#api/json.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';

/** Required fields that are pointers in Kubernetes' types: absent is something else than zero, and is an error of its own. */
const ABSENT_IS_NIL: ReadonlySet<string> = new Set([
  'admissionregistration/v1.MutatingWebhook.sideEffects',
  'admissionregistration/v1.ValidatingWebhook.sideEffects',
  'apps/v1.DaemonSetSpec.selector',
  'apps/v1.DeploymentSpec.selector',
  'apps/v1.ReplicaSetSpec.selector',
  'apps/v1.StatefulSetSpec.selector',
  'networking/v1.HTTPIngressPath.pathType',
  'networking/v1.IPAddressSpec.parentRef',
]);

/** Definitions in which, and below which, this is so in every kind: what is in a pod is judged by the pod's rules alone. */
const ALWAYS_FILLED: ReadonlySet<string> = new Set(['core/v1.PodSpec', 'core/v1.PodTemplateSpec']);

/**
 * Gives each required field that an object lacks, and each `spec`, the zero value of its type, in place, outside `metadata` and
 * `status`: what Kubernetes' servers read where a client wrote nothing. Which zeros are wrong is then for the kind's own rules to say. Times
 * and flags stay absent, and so do fields that are pointers in Kubernetes' types. `podsOnly`: in {@link ALWAYS_FILLED} alone.
 */
export function fillZeroFields(
  object: unknown,
  schema: string,
  { schemas, podsOnly = false }: { schemas: SchemaSet; podsOnly?: boolean },
): void {
  if (isComplete(object, { type: 'ref', ref: schema }, { schemas, name: schema })) return;
  const place = { schemas, name: schema, isRoot: true, isFilled: !podsOnly };
  fill(object as MutableJson, { type: 'ref', ref: schema }, place);
}

interface Place {
  readonly schemas: SchemaSet;
  /** The definition that the place is in. */
  readonly name: string;
  readonly isRoot?: boolean;
  readonly isFilled: boolean;
}

function fill(value: MutableJson, schema: Schema, { schemas, isRoot = false, ...parent }: Place): void {
  const resolved = schemas.resolve(schema);
  const name = schema.type === 'ref' ? schema.ref : parent.name;
  const place = { schemas, name, isFilled: parent.isFilled || ALWAYS_FILLED.has(name) };
  if (resolved.type === 'array' && Array.isArray(value) && isComposite(resolved.items))
    for (const item of value) fill(item, resolved.items, place);
  if (!isMutableObject(value)) return;
  if (resolved.type === 'map' && isComposite(resolved.values))
    for (const item of Object.values(value)) fill(item, resolved.values, place);
  if (resolved.type !== 'object') return;
  for (const key of [...(resolved.required ?? []), 'spec'])
    fillField(value, { key, schema: propertyOf(resolved.properties, key) }, place);
  for (const [key, item] of Object.entries(value)) {
    const property = propertyOf(resolved.properties, key);
    const isSkipped = isRoot && (key === 'metadata' || key === 'status');
    if (!isSkipped && property !== undefined && item !== undefined && isComposite(property))
      fill(item, property, place);
  }
}

function fillField(
  object: MutableJsonObject,
  { key, schema }: { key: string; schema: Schema | undefined },
  { schemas, name, isFilled }: Place,
): void {
  if (!isFilled || schema === undefined || object[key] !== undefined || ABSENT_IS_NIL.has(`${name}.${key}`))
    return;
  const zero = zeroOf(schema, schemas);
  if (zero !== undefined) object[key] = zero;
}

function zeroOf(schema: Schema, schemas: SchemaSet): MutableJson | undefined {
  const resolved = schemas.resolve(schema);
  switch (resolved.type) {
    case 'string':
      return resolved.format === undefined || resolved.format === 'byte' ? '' : undefined;
    case 'integer':
    case 'number':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'array':
      return [];
    case 'object':
    case 'map':
      return {};
    default:
      return undefined;
  }
}
