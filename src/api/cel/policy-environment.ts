/** What expressions of admission policies and of match conditions may speak of. Source: Kubernetes docs, "Validating Admission Policy". */

import { textOf } from '#api/cel/argument.ts';
import {
  BOOL,
  type CelType,
  DYN,
  INT,
  listOf,
  mapOf,
  type ObjectCelType,
  type ObjectField,
  opaque,
  STRING,
  TIMESTAMP,
} from '#api/cel/cel-type.ts';
import type { CelEnvironment } from '#api/cel/check.ts';
import { overload, traversing } from '#api/cel/function.ts';
import { extendLibrary, STANDARD_LIBRARY } from '#api/cel/library.ts';
import { objectOf } from '#api/cel/schema-type.ts';

/** Which variables beside `object`, `oldObject`, `request` and `namespaceObject` there are. */
export interface PolicyVariables {
  /** The policy has a paramKind. */
  readonly params: boolean;
  readonly authorizer: boolean;
  /** Types of the policy's own variables that are declared so far, by name; absent where it has none at all. */
  readonly composed: ReadonlyMap<string, CelType> | undefined;
  /** Objects may be constructed: `Object{…}`, `JSONPatch{…}`. */
  readonly mutating: boolean;
  /** Types of `object` and `oldObject`, and of `params`, where they are known; `dyn` where absent. */
  readonly object?: CelType;
  readonly paramsType?: CelType;
}

function record(name: string, fields: Readonly<Record<string, CelType>>): ObjectCelType {
  const known = Object.entries(fields).map(([key, type]): [string, ObjectField] => [
    key,
    { jsonName: key, type },
  ]);
  return objectOf(name, new Map(known));
}

const KIND = record('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const RESOURCE = record('kubernetes.GroupVersionResource', {
  group: STRING,
  version: STRING,
  resource: STRING,
});
const USER = record('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
});

/** The type of `request`. */
export const REQUEST_TYPE: ObjectCelType = record('kubernetes.AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
});

/** The type of `namespaceObject`. */
export const NAMESPACE_TYPE: ObjectCelType = record('kubernetes.Namespace', {
  apiVersion: STRING,
  kind: STRING,
  metadata: record('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    uid: STRING,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    generation: INT,
    resourceVersion: STRING,
    selfLink: STRING,
    finalizers: listOf(STRING),
  }),
  spec: record('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: record('kubernetes.NamespaceStatus', { phase: STRING }),
});

/** `jsonpatch.escapeKey('example.com/a~b')` is `example.com~1a~0b`. */
const MUTATION_LIBRARY = extendLibrary([
  overload(
    '@@jsonpatch.escapeKey(string): string',
    ([key]) => textOf(key).replaceAll('~', '~0').replaceAll('/', '~1'),
    { cost: traversing(0), resultSize: (sizes) => (sizes[0]?.size ?? 0) * 2 },
  ),
]);

const JSON_PATCH_FIELDS: Readonly<Record<string, CelType>> = {
  op: STRING,
  path: STRING,
  from: STRING,
  value: DYN,
};
const JSON_PATCH = record('JSONPatch', JSON_PATCH_FIELDS);

/** Objects to construct take any field: whether it is one is seen when they are merged. */
function anyObject(name: string): ObjectCelType {
  return {
    kind: 'object',
    name,
    fieldOf: (field) => ({ jsonName: field, type: DYN }),
    namesOf: (jsonNames) => jsonNames,
  };
}

/** The type that a mutation's expression gives: `Object`, or a list of `JSONPatch`. */
export const MUTATION_TYPES: Readonly<Record<'ApplyConfiguration' | 'JSONPatch', CelType>> = {
  ApplyConfiguration: anyObject('Object'),
  JSONPatch: listOf(JSON_PATCH),
};

function constructed(name: string): ObjectCelType | undefined {
  if (name === 'JSONPatch') return JSON_PATCH;
  return name === 'Object' || name.startsWith('Object.') ? anyObject(name) : undefined;
}

/** What one expression of a policy may speak of. */
export function policyEnvironment(has: PolicyVariables): CelEnvironment {
  const object = has.object ?? DYN;
  const variables = new Map<string, CelType>([
    ['object', object],
    ['oldObject', object],
    ['request', REQUEST_TYPE],
    ['namespaceObject', NAMESPACE_TYPE],
  ]);
  if (has.params) variables.set('params', has.paramsType ?? DYN);
  if (has.authorizer) {
    variables.set('authorizer', opaque('kubernetes.authorization.Authorizer'));
    variables.set('authorizer.requestResource', opaque('kubernetes.authorization.ResourceCheck'));
  }
  if (has.composed !== undefined) variables.set('variables', objectOf('kubernetes.variables', new Map()));
  for (const [name, type] of has.composed ?? []) variables.set(`variables.${name}`, type);
  return has.mutating
    ? { variables, library: MUTATION_LIBRARY, structs: constructed }
    : { variables, library: STANDARD_LIBRARY };
}
