import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import { validateStructuralSchema } from '#api/apiextensions/structural-schema.ts';
import { checkName, checkOneOf, checkPresent, checkUnchanged, checkUnique } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { serviceNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with the definition of a kind. Source: Kubernetes' CustomResourceDefinition API reference. */
export function validateDefinition(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const { group, names, scope, versions, conversion } = spec;
  const fullName = `${names.plural}.${group}`;
  return [
    ...(metadata.name === fullName
      ? []
      : [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...checkName('spec.group', group, subdomainNameErrors),
    ...(group.includes('.')
      ? []
      : [invalidValue('spec.group', group, 'should be a domain with at least one dot')]),
    ...checkOneOf('spec.scope', scope, ['Cluster', 'Namespaced']),
    ...validateNames(spec),
    ...validateVersions(versions),
    ...checkOneOf('spec.conversion.strategy', conversion?.strategy, ['None', 'Webhook']),
    ...(conversion?.strategy === 'Webhook' && conversion.webhook?.clientConfig === undefined
      ? [requiredValue('spec.conversion.webhook.clientConfig', 'required when strategy is set to Webhook')]
      : []),
    ...(old === undefined ? [] : validateChange(spec, old.spec)),
  ];
}

function validateNames({ names }: CustomResourceDefinitionSpec): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  return [
    ...checkName('spec.names.plural', plural, serviceNameErrors),
    ...checkName('spec.names.singular', singular, serviceNameErrors),
    ...checkName('spec.names.kind', kind, (name) => serviceNameErrors(name.toLowerCase())),
    ...checkName('spec.names.listKind', listKind, (name) => serviceNameErrors(name.toLowerCase())),
    ...shortNames.flatMap((name, index) =>
      checkName(`spec.names.shortNames[${index}]`, name, serviceNameErrors),
    ),
    ...categories.flatMap((name, index) =>
      checkName(`spec.names.categories[${index}]`, name, serviceNameErrors),
    ),
    ...(kind === listKind
      ? [invalidValue('spec.names.listKind', listKind, 'kind and listKind may not be the same')]
      : []),
  ];
}

function validateVersions(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const stored = versions.filter(({ storage }) => storage === true).length;
  return [
    ...checkPresent('spec.versions', versions, 'must have at least one version'),
    ...versions.flatMap((version, index) => validateVersion(`spec.versions[${index}]`, version)),
    ...checkUnique(
      versions.map(({ name }) => name),
      (index) => `spec.versions[${index}].name`,
    ),
    ...(stored === 1
      ? []
      : [
          invalidValue(
            'spec.versions',
            versions.map(({ name }) => name),
            'must have exactly one version marked as storage version',
          ),
        ]),
  ];
}

function validateVersion(field: string, version: CustomResourceDefinitionVersion): FieldError[] {
  const schema = version.schema?.openAPIV3Schema;
  const { additionalPrinterColumns = [], subresources } = version;
  return [
    ...checkName(`${field}.name`, version.name, serviceNameErrors),
    ...(schema === undefined
      ? [requiredValue(`${field}.schema.openAPIV3Schema`, 'schemas are required')]
      : validateStructuralSchema(`${field}.schema.openAPIV3Schema`, schema)),
    ...additionalPrinterColumns.flatMap(({ type, jsonPath }, index) => [
      ...checkOneOf(`${field}.additionalPrinterColumns[${index}].type`, type, [
        'boolean',
        'date',
        'integer',
        'number',
        'string',
      ]),
      ...(jsonPath.startsWith('.')
        ? []
        : [
            invalidValue(
              `${field}.additionalPrinterColumns[${index}].jsonPath`,
              jsonPath,
              'must be a simple JSON path starting with "."',
            ),
          ]),
    ]),
    ...(subresources?.scale === undefined
      ? []
      : [
          ...checkPath(
            `${field}.subresources.scale.specReplicasPath`,
            subresources.scale.specReplicasPath,
            '.spec.',
          ),
          ...checkPath(
            `${field}.subresources.scale.statusReplicasPath`,
            subresources.scale.statusReplicasPath,
            '.status.',
          ),
        ]),
  ];
}

function checkPath(field: string, path: string, prefix: string): FieldError[] {
  return path.startsWith(prefix)
    ? []
    : [invalidValue(field, path, `should be a json path under ${prefix.slice(0, -1)}`)];
}

function validateChange(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec): FieldError[] {
  return [
    ...checkUnchanged('spec.group', spec.group, old.group),
    ...checkUnchanged('spec.scope', spec.scope, old.scope),
    ...checkUnchanged('spec.names.plural', spec.names.plural, old.names.plural),
    ...checkUnchanged('spec.names.kind', spec.names.kind, old.names.kind),
  ];
}
