import { validateConversion } from '#api/apiextensions/conversion-validation.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import { isEstablished } from '#api/apiextensions/definition-state.ts';
import { approvalFaults } from '#api/apiextensions/group-approval.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { validateVersion, versionPaths } from '#api/apiextensions/version-validation.ts';
import { checkJoined, checkOneOf, checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { invalidValue, requiredValue, tooMany } from '#api/field-errors.ts';
import { isJsonObject } from '#api/json.ts';
import { serviceNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The most versions of one kind; more are refused. */
const VERSIONS_MAX = 100;

/** The longest warning of a deprecated version, in characters; a longer one is refused. */
const DEPRECATION_WARNING_CHARS_MAX = 256;

/**
 * What is wrong with the definition of a kind, in the words and at the places of Kubernetes: what all versions have in common
 * is told as if it stood at the definition itself. Source: apiextensions' `ValidateCustomResourceDefinition`.
 */
export function validateDefinition(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const { metadata, spec } = definition;
  const fullName = `${spec.names.plural}.${spec.group}`;
  return [
    ...(metadata.name === fullName || old !== undefined
      ? []
      : [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...validateSpec(spec, old?.spec),
    ...validateStoredVersions(definition),
    ...approvalFaults(definition, old),
    ...(spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true
      ? [
          invalidValue(
            'spec.preserveUnknownFields',
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
    ...(old === undefined ? [] : validateChange(spec, old)),
  ];
}

function validateSpec(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec | undefined,
): FieldError[] {
  const { group, scope, versions } = spec;
  const [first] = versions;
  const hasDefaults =
    spec.preserveUnknownFields === true && versions.some(({ schema }) => sets(schema?.openAPIV3Schema));
  if (versions.length > VERSIONS_MAX)
    return [tooMany('spec.versions', { found: versions.length, max: VERSIONS_MAX })];
  return [
    ...validateGroup(group),
    ...checkPresent('spec.scope', scope),
    ...(scope === undefined || (scope as string) === ''
      ? []
      : checkOneOf('spec.scope', scope, ['Cluster', 'Namespaced'])),
    ...(hasDefaults
      ? [
          invalidValue(
            'spec.preserveUnknownFields',
            true,
            'must be false in order to use defaults in the schema',
          ),
        ]
      : []),
    ...validateVersions(spec, old),
    // Kubernetes keeps the name of the first version there, too.
    ...nameFaults('spec.version', first?.name),
    ...requiredNames(spec.names),
    ...validateNames('spec.names', spec.names),
    ...validateConversion(spec.conversion),
  ];
}

function validateGroup(group: string): FieldError[] {
  if (group === '') return [requiredValue('spec.group')];
  const errors = checkJoined('spec.group', group, subdomainNameErrors);
  if (errors.length > 0) return errors;
  return group.includes('.')
    ? []
    : [invalidValue('spec.group', group, 'should be a domain with at least one dot')];
}

function requiredNames({ plural, singular, kind, listKind }: CustomResourceDefinitionNames): FieldError[] {
  return Object.entries({ plural, singular, kind, listKind }).flatMap(([name, value]) =>
    value === undefined || value === '' ? [requiredValue(`spec.names.${name}`)] : [],
  );
}

function validateNames(field: string, names: Partial<CustomResourceDefinitionNames>): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  return [
    ...nameFaults(`${field}.plural`, plural),
    ...nameFaults(`${field}.singular`, singular),
    ...kindFaults(`${field}.kind`, kind),
    ...kindFaults(`${field}.listKind`, listKind),
    ...shortNames.flatMap((name, index) =>
      checkJoined(`${field}.shortNames[${index}]`, name, serviceNameErrors),
    ),
    ...(kind !== undefined && kind === listKind && kind !== ''
      ? [invalidValue(`${field}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...categories.flatMap((name, index) =>
      checkJoined(`${field}.categories[${index}]`, name, serviceNameErrors),
    ),
  ];
}

function nameFaults(field: string, name: string | undefined): FieldError[] {
  return name === undefined || name === '' ? [] : checkJoined(field, name, serviceNameErrors);
}

function kindFaults(field: string, kind: string | undefined): FieldError[] {
  const errors = kind === undefined || kind === '' ? [] : serviceNameErrors(kind.toLowerCase());
  const detail = `may have mixed case, but should otherwise match: ${errors.join(',')}`;
  return errors.length === 0 ? [] : [invalidValue(field, kind, detail)];
}

function validateVersions(
  { versions }: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec | undefined,
): FieldError[] {
  const paths = versionPaths(versions);
  const names = versions.map(({ name }) => name);
  const stored = versions.filter(({ storage }) => storage === true).length;
  return [
    ...versions.flatMap(({ name, schema }, index) => [
      ...checkJoined(`spec.versions[${index}].name`, name, serviceNameErrors),
      ...(schema?.openAPIV3Schema === undefined
        ? [requiredValue(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required')]
        : []),
      ...deprecationFaults(`spec.versions[${index}].deprecationWarning`, versions[index] ?? {}),
    ]),
    ...versions.flatMap((version, index) => {
      const before = old?.versions.find(({ name }) => name === version.name);
      return validateVersion(version, paths(index), { old: before });
    }),
    ...(new Set(names).size === names.length
      ? []
      : [invalidValue('spec.versions', names, 'must contain unique version names')]),
    ...(stored === 1
      ? []
      : [invalidValue('spec.versions', names, 'must have exactly one version marked as storage version')]),
  ];
}

function deprecationFaults(
  field: string,
  { deprecated, deprecationWarning }: Partial<CustomResourceDefinitionVersion>,
): FieldError[] {
  if (deprecationWarning === undefined) return [];
  const details = [
    ...(deprecated === true ? [] : ['can only be set for deprecated versions']),
    ...(deprecated === true && deprecationWarning.length > DEPRECATION_WARNING_CHARS_MAX
      ? [`must be <= ${DEPRECATION_WARNING_CHARS_MAX} characters long`]
      : []),
    ...(deprecated === true && deprecationWarning === '' ? ['must not be an empty string'] : []),
    ...(deprecated === true && /\p{C}/u.test(deprecationWarning)
      ? [
          `must only contain printable UTF-8 characters; non-printable character found at index ${deprecationWarning.search(/\p{C}/u)}`,
        ]
      : []),
  ];
  return details.map((detail) => invalidValue(field, deprecationWarning, detail));
}

/** Objects may lie in any version that was ever stored: none of those may be forgotten. */
function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const field = 'status.storedVersions';
  const storage = spec.versions.filter((version) => version.storage === true).map(({ name }) => name);
  const stored = [...new Set([...(status?.storedVersions ?? []), ...storage.slice(0, 1)])];
  if (stored.length === 0) return [invalidValue(field, stored, 'must have at least one stored version')];
  const names = new Set(spec.versions.map(({ name }) => name));
  return [
    ...storage
      .filter((name) => !stored.includes(name))
      .map((name) => invalidValue(field, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((version, index) => {
      const detail = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;
      return names.has(version) ? [] : [invalidValue(`${field}[${index}]`, version, detail)];
    }),
  ];
}

/** Whether a schema sets defaults anywhere. Anything may stand for a schema below it, null and lists as well. */
function sets(schema: unknown): boolean {
  if (!isJsonObject(schema)) return false;
  const { items, properties, additionalProperties } = schema as JSONSchemaProps;
  const below = [items, ...Object.values(properties ?? {}), additionalProperties];
  return schema['default'] !== undefined || below.some(sets);
}

function validateChange(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinition): FieldError[] {
  const before = old.spec;
  return [
    ...(isEstablished(old)
      ? [
          ...checkUnchanged('spec.scope', spec.scope, before.scope),
          ...checkUnchanged('spec.names.kind', spec.names.kind, before.names.kind),
        ]
      : []),
    ...checkUnchanged('spec.group', spec.group, before.group),
    ...checkUnchanged('spec.names.plural', spec.names.plural, before.names.plural),
  ];
}

/** What is wrong with what a definition was given: its names. */
export function validateDefinitionStatus({ status }: CustomResourceDefinition): FieldError[] {
  return validateNames('status.acceptedNames', status?.acceptedNames ?? {});
}
