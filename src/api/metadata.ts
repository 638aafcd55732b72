import { checkLabels, checkName, checkNonNegative, checkPresent } from '#api/field-checks.ts';
import {
  forbiddenField,
  immutableField,
  invalidValue,
  requiredValue,
  tooLong,
  tooMany,
} from '#api/field-errors.ts';
import { labelNameErrors, prefixRule, qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { ObjectMeta, OwnerReference } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** The most that keys and values of annotations may have together, in bytes; more is refused. */
export const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** The most finalizers of an object, and the most owners; more are refused. */
export const FINALIZERS_MAX = 1000;
export const OWNERS_MAX = 1000;

/** Finalizers without a domain, which only Kubernetes itself defines. */
const STANDARD_FINALIZERS = ['orphan', 'foregroundDeletion', 'kubernetes'];

/** What is said of two finalizers that ask for opposite things. */
const CONTRADICTORY_FINALIZERS = 'finalizer orphan and foregroundDeletion cannot be both set';

const encoder = new TextEncoder();

/**
 * What is wrong with an object's metadata; on update, also what may not have changed since `old`. Source: apimachinery
 * `validation.ValidateObjectMeta` and `ValidateObjectMetaUpdate`, whose messages these are.
 */
export function validateMetadata(
  metadata: Partial<ObjectMeta>,
  type: Pick<ResourceType, 'namespaced' | 'nameRule' | 'custom'> & { readonly group?: string },
  old?: ObjectMeta,
): FieldError[] {
  return [
    ...checkObjectName(metadata, type.nameRule ?? subdomainNameErrors),
    ...checkNamespace(metadata.namespace, type.namespaced),
    ...checkNonNegative('metadata.generation', metadata.generation),
    ...checkLabels('metadata.labels', metadata.labels).map((error) => ({
      ...error,
      field: 'metadata.labels',
    })),
    ...checkAnnotations('metadata.annotations', metadata.annotations),
    ...checkOwners(metadata.ownerReferences ?? []),
    ...checkFinalizers(metadata.finalizers ?? [], type),
    ...(old === undefined ? [] : checkMetadataChange(metadata, old)),
  ];
}

function checkObjectName(
  { name, generateName }: Partial<ObjectMeta>,
  rule: (name: string) => string[],
): FieldError[] {
  const prefix = generateName === '' ? undefined : generateName;
  const errors = checkName('metadata.generateName', prefix, prefixRule(rule));
  if (name === undefined || name === '') {
    return [...errors, requiredValue('metadata.name', 'name or generateName is required')];
  }
  return [...errors, ...checkName('metadata.name', name, rule)];
}

function checkNamespace(namespace: string | undefined, namespaced: boolean): FieldError[] {
  const isAbsent = namespace === undefined || namespace === '';
  if (!namespaced) return isAbsent ? [] : [forbiddenField('metadata.namespace', 'not allowed on this type')];
  return isAbsent
    ? [requiredValue('metadata.namespace')]
    : checkName('metadata.namespace', namespace, labelNameErrors);
}

/** A set of annotations: keys are qualified names, whatever their case. */
export function checkAnnotations(
  field: string,
  annotations: Readonly<Record<string, string>> = {},
): FieldError[] {
  const entries = Object.entries(annotations);
  const errors = entries.flatMap(([key]) =>
    qualifiedNameErrors(key.toLowerCase()).map((detail) => invalidValue(field, key, detail)),
  );
  let bytes = 0;
  for (const [key, value] of entries) bytes += encoder.encode(key).length + encoder.encode(value).length;
  return bytes > ANNOTATIONS_BYTES_MAX ? [...errors, tooLong(field, ANNOTATIONS_BYTES_MAX)] : errors;
}

function checkFinalizers(
  finalizers: readonly string[],
  type: Pick<ResourceType, 'custom'> & { readonly group?: string },
): FieldError[] {
  const { length: found } = finalizers;
  if (found > FINALIZERS_MAX) return [tooMany('metadata.finalizers', { found, max: FINALIZERS_MAX })];
  const mayBeAlone = mayBeUnqualified(type);
  const isBoth = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion');
  return [
    ...finalizers.flatMap((finalizer) => checkName('metadata.finalizers', finalizer, qualifiedNameErrors)),
    ...(isBoth ? [invalidValue('metadata.finalizers', finalizers, CONTRADICTORY_FINALIZERS)] : []),
    ...(mayBeAlone ? [] : finalizers.flatMap(checkQualified)),
  ];
}

function checkOwners(owners: readonly OwnerReference[]): FieldError[] {
  const field = 'metadata.ownerReferences';
  const { length: found } = owners;
  if (found > OWNERS_MAX) return [tooMany(field, { found, max: OWNERS_MAX })];
  const controllers = owners.filter(({ controller }) => controller === true);
  const [first, second] = controllers.map(({ kind, name }) => `${kind}/${name}`);
  const twice = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [
    ...owners.flatMap((owner) => checkOwner(field, owner)),
    ...(controllers.length > 1 ? [invalidValue(field, owners, twice)] : []),
  ];
}

/** Whether an `apiVersion` can be read as a version, or as a group and a version. */
function hasVersion(apiVersion: string): boolean {
  return /^([^/]*\/)?[^/]+$/u.test(apiVersion);
}

function checkOwner(field: string, owner: OwnerReference): FieldError[] {
  const said = { ...owner, apiVersion: hasVersion(owner.apiVersion ?? '') ? owner.apiVersion : '' };
  const empty = (['apiVersion', 'kind', 'name', 'uid'] as const).filter((key) => (said[key] ?? '') === '');
  const isEvent = owner.kind === 'Event' && /^(v1|events\.k8s\.io\/)/.test(owner.apiVersion ?? '');
  return [
    ...empty.map((key) =>
      invalidValue(
        `${field}.${key}`,
        owner[key] ?? '',
        `${key === 'apiVersion' ? 'version' : key} must not be empty`,
      ),
    ),
    ...(isEvent
      ? [invalidValue(field, owner, `${owner.apiVersion}, Kind=Event is disallowed from being an owner`)]
      : []),
  ];
}

/** Groups of built-in kinds that keep finalizers without a domain, as custom kinds do: their own validation names no others. */
const UNQUALIFIED_FINALIZER_GROUPS: readonly string[] = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'policy',
];

/** `validateKubeFinalizerName` is for the other kinds. */
function mayBeUnqualified({ group, custom }: { group?: string } & Pick<ResourceType, 'custom'>): boolean {
  return custom !== undefined || (group !== undefined && UNQUALIFIED_FINALIZER_GROUPS.includes(group));
}

function checkQualified(finalizer: string, index: number): FieldError[] {
  return checkFinalizerDomain(`metadata.finalizers[${index}]`, finalizer);
}

/** A finalizer has a domain, unless it is one of Kubernetes' own. */
export function checkFinalizerDomain(field: string, finalizer: string): FieldError[] {
  if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) return [];
  const detail = 'name is neither a standard finalizer name nor is it fully qualified';
  return [invalidValue(field, finalizer, detail)];
}

function checkMetadataChange(metadata: Partial<ObjectMeta>, old: ObjectMeta): FieldError[] {
  const fixed = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  const changed = fixed.filter((key) => (metadata[key] ?? '') !== (old[key] ?? ''));
  return [
    ...checkPresent('metadata.resourceVersion', metadata.resourceVersion, 'must be specified for an update'),
    ...changed.map((key) => immutableField(`metadata.${key}`, metadata[key])),
    ...checkGeneration(metadata, old),
    ...checkNewFinalizers(metadata, old),
  ];
}

function checkGeneration({ generation = 0 }: Partial<ObjectMeta>, old: ObjectMeta): FieldError[] {
  const isLower = generation < (old.generation ?? 0);
  return isLower ? [invalidValue('metadata.generation', generation, 'must not be decremented')] : [];
}

function checkNewFinalizers({ finalizers = [] }: Partial<ObjectMeta>, old: ObjectMeta): FieldError[] {
  if (old.deletionTimestamp === undefined) return [];
  const added = finalizers.filter((finalizer) => !(old.finalizers ?? []).includes(finalizer)).sort();
  const quoted = added.map((finalizer) => `"${finalizer}"`).join(', ');
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${quoted}}`;
  return added.length > 0 ? [forbiddenField('metadata.finalizers', detail)] : [];
}
