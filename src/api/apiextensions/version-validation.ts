import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  SelectableField,
} from '#api/apiextensions/custom-resource-definition.ts';
import { parseJsonPath } from '#api/apiextensions/json-path.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { defaultFaults } from '#api/apiextensions/schema-defaults.ts';
import { schemaFaults } from '#api/apiextensions/schema-rules.ts';
import { structureFaults } from '#api/apiextensions/structural-schema.ts';
import { compileRules } from '#api/cel/validation-rules.ts';
import { duplicateValue, invalidValue, requiredValue, tooMany } from '#api/field-errors.ts';
import { equalJson, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** The most fields of one version by which objects can be selected (Kubernetes); more are refused. */
const SELECTABLE_FIELDS_MAX = 8;

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

/** Where the parts of a version stand in errors; undefined where an earlier version has told of the same. */
export interface VersionPaths {
  readonly schema: string | undefined;
  readonly subresources: string | undefined;
  readonly columns: string | undefined;
  readonly selectableFields: string | undefined;
}

/** What every version says alike is told of once, at the definition: such are the errors of Kubernetes' own servers. */
export function versionPaths(
  versions: readonly CustomResourceDefinitionVersion[],
): (index: number) => VersionPaths {
  const [first] = versions;
  const isCommon = (part: (version: CustomResourceDefinitionVersion) => unknown): boolean =>
    first !== undefined && versions.every((each) => isSame(part(each), part(first)));
  const common = {
    schema: isCommon(({ schema }) => schema),
    subresources: isCommon(({ subresources }) => subresources),
    columns: isCommon(({ additionalPrinterColumns }) => additionalPrinterColumns),
    selectableFields: isCommon(({ selectableFields }) => selectableFields),
  };
  return (index) => {
    const at = (isShared: boolean, shared: string, own: string): string | undefined =>
      isShared ? (index === 0 ? `spec.${shared}` : undefined) : `spec.versions[${index}].${own}`;
    return {
      schema: at(common.schema, 'validation.openAPIV3Schema', 'schema.openAPIV3Schema'),
      subresources: at(common.subresources, 'subresources', 'subresources'),
      columns: at(common.columns, 'additionalPrinterColumns', 'additionalPrinterColumns'),
      selectableFields: at(common.selectableFields, 'selectableFields', 'selectableFields'),
    };
  };
}

function isSame(a: unknown, b: unknown): boolean {
  return equalJson(a as Json | undefined, b as Json | undefined);
}

/** What is wrong with one version; `old` is what it was before. */
export function validateVersion(
  version: CustomResourceDefinitionVersion,
  paths: VersionPaths,
  { old }: { readonly old: CustomResourceDefinitionVersion | undefined },
): FieldError[] {
  const schema = version.schema?.openAPIV3Schema;
  const { subresources, additionalPrinterColumns = [], selectableFields = [] } = version;
  return [
    ...(schema === undefined || paths.schema === undefined
      ? []
      : validateSchema(paths.schema, schema, {
          hasStatus: subresources?.status !== undefined,
          // A schema that was let in once stays, also where the rules about schemas have become stricter.
          isNew: !isSame(schema, old?.schema?.openAPIV3Schema),
        })),
    ...(subresources?.scale === undefined || paths.subresources === undefined
      ? []
      : validateScale(`${paths.subresources}.scale`, subresources.scale)),
    ...additionalPrinterColumns.flatMap((column, index) =>
      paths.columns === undefined ? [] : validateColumn(`${paths.columns}[${index}]`, column),
    ),
    ...(paths.selectableFields === undefined
      ? []
      : validateSelectable(paths.selectableFields, selectableFields, schema)),
  ];
}

/** Fields that may stand at the root of a schema whose status has an endpoint of its own. */
const ROOT_FIELDS_WITH_STATUS: ReadonlySet<string> = new Set([
  'description',
  'type',
  'format',
  'title',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'required',
  'items',
  'properties',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

const ROOT_FIELDS_TEXT =
  '[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]';

function validateSchema(
  field: string,
  schema: JSONSchemaProps,
  { hasStatus, isNew }: { readonly hasStatus: boolean; readonly isNew: boolean },
): FieldError[] {
  if (!isNew) return [];
  const faults = [
    ...(hasStatus ? rootFaults(field, schema) : []),
    ...structureFaults(field, schema),
    ...schemaFaults(field, schema),
  ];
  if (faults.length > 0) return faults;
  if ((schema.$schema ?? '') !== '')
    return [invalidValue(field, '', "OpenAPIV3Schema 'schema' is not supported")];
  const defaults = defaultFaults(field, schema);
  if (defaults.length > 0) return defaults;
  // Rules are compiled only against a schema that is sound: all else would be told twice.
  return [...compileRules(schema, field).faults];
}

function rootFaults(field: string, schema: JSONSchemaProps): FieldError[] {
  const where = 'at the root of the schema if the status subresource is enabled';
  if ((schema.type ?? '') !== '' && schema.type !== 'object')
    return [invalidValue(`${field}.type`, schema.type, `only "object" is allowed as the type ${where}`)];
  const wrong = Object.keys(schema).some((key) => !ROOT_FIELDS_WITH_STATUS.has(key));
  return wrong ? [invalidValue(field, schema, `only ${ROOT_FIELDS_TEXT} fields are allowed ${where}`)] : [];
}

function validateScale(field: string, scale: CustomResourceSubresourceScale): FieldError[] {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...validatePath(`${field}.specReplicasPath`, specReplicasPath, ['.spec.'], 'under .spec'),
    ...validatePath(`${field}.statusReplicasPath`, statusReplicasPath, ['.status.'], 'under .status'),
    ...(labelSelectorPath === undefined || labelSelectorPath === ''
      ? []
      : validatePath(
          `${field}.labelSelectorPath`,
          labelSelectorPath,
          ['.spec.', '.status.'],
          'under either .spec or .status',
        )),
  ];
}

function validatePath(
  field: string,
  path: string | undefined,
  prefixes: readonly string[],
  where: string,
): FieldError[] {
  if (path === undefined || path === '') return [requiredValue(field)];
  if (!path.startsWith('.')) return [invalidValue(field, path, 'must be a simple json path starting with .')];
  return prefixes.some((prefix) => path.startsWith(prefix))
    ? []
    : [invalidValue(field, path, `should be a json path ${where}`)];
}

function validateColumn(field: string, column: CustomResourceColumnDefinition): FieldError[] {
  const { name, type, format = '', jsonPath } = column;
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  return [
    ...(name === '' ? [requiredValue(`${field}.name`)] : []),
    ...(type === '' ? [requiredValue(`${field}.type`, types)] : []),
    ...(type === '' || COLUMN_TYPES.includes(type) ? [] : [invalidValue(`${field}.type`, type, types)]),
    ...(format === '' || COLUMN_FORMATS.includes(format)
      ? []
      : [invalidValue(`${field}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`)]),
    ...validateColumnPath(`${field}.JSONPath`, jsonPath),
  ];
}

function validateColumnPath(field: string, path: string): FieldError[] {
  if (path === '') return [requiredValue(field)];
  if (!path.startsWith('.')) return [invalidValue(field, path, 'must be a simple json path starting with .')];
  return parseJsonPath(path) === undefined
    ? [invalidValue(field, path, `unrecognized column definition "${path}"`)]
    : [];
}

function validateSelectable(
  field: string,
  fields: readonly SelectableField[],
  schema: JSONSchemaProps | undefined,
): FieldError[] {
  const isShared = field === 'spec.selectableFields';
  if (schema === undefined && fields.length > 0) {
    const why = isShared
      ? 'validations.schema is included'
      : 'version.schema.openAPIV3Schema is not included';
    return [invalidValue(field, '', `selectableFields may only be set when ${why}`)];
  }
  const seen = new Set<string>();
  const faults = fields.flatMap(({ jsonPath }, index) => {
    const place = `${field}[${index}].jsonPath`;
    if (jsonPath === '') return [requiredValue(place)];
    const start = /^[^.[]+/.exec(jsonPath)?.[0];
    if (start !== undefined)
      return [invalidValue(place, jsonPath, `is an invalid path: expected [ or . but got: ${start}`)];
    const names = /^(?:\.[^.[\]']+)+$/u.test(jsonPath) ? jsonPath.slice(1).split('.') : undefined;
    const found = names?.reduce<JSONSchemaProps | undefined>(
      (node, name) => propertyOf(node?.properties ?? {}, name),
      schema,
    );
    if (names === undefined || found === undefined)
      return [invalidValue(place, jsonPath, 'is an invalid path: does not refer to a valid field')];
    if (names[0] === 'metadata')
      return [invalidValue(place, jsonPath, 'must not point to fields in metadata')];
    if (seen.has(jsonPath)) return [duplicateValue(place, jsonPath)];
    seen.add(jsonPath);
    const detail =
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
    return ['string', 'boolean', 'integer'].includes(found.type ?? '')
      ? []
      : [invalidValue(place, jsonPath, detail)];
  });
  return seen.size > SELECTABLE_FIELDS_MAX
    ? [...faults, tooMany(field, { found: seen.size, max: SELECTABLE_FIELDS_MAX })]
    : faults;
}
