import type { CustomKind } from '#api/apiextensions/custom-kind.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import { defaultObject } from '#api/apiextensions/default-object.ts';
import { findByPath, parseJsonPath } from '#api/apiextensions/json-path.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { printerColumns } from '#api/apiextensions/printer-columns.ts';
import { validateCustomObject } from '#api/apiextensions/validate-custom-object.ts';
import type { MutableJsonObject } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** A version that says nothing of its objects keeps all that they have. */
const FREE_SCHEMA: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** What is known of a definition as it is stored, beside itself. */
export interface DefinitionState {
  /** See {@link CustomKind.sinceRevision}. */
  readonly sinceRevision: number;
  readonly retired: AbortSignal;
}

/** The kinds that a definition makes: one for each version that it serves; none before its names are accepted. */
export function customResourceTypes(
  definition: CustomResourceDefinition,
  state: DefinitionState,
): ResourceType[] {
  return definition.spec.versions
    .filter(({ served }) => served)
    .map((version) => customResourceType(definition, version, state));
}

/** The name under which the schema of a custom kind stands in a schema set. */
export function customSchemaName(group: string, version: string, kind: string): string {
  return `custom/${group}/${version}.${kind}`;
}

function customResourceType(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  state: DefinitionState,
): ResourceType {
  const { spec, status } = definition;
  const { group } = spec;
  const names = status?.acceptedNames ?? spec.names;
  const custom = customKindOf(definition, version, state);
  return {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    subresources: [
      ...(version.subresources?.status === undefined ? [] : ['status' as const]),
      ...(version.subresources?.scale === undefined ? [] : ['scale' as const]),
    ],
    schema: customSchemaName(group, version.name, names.kind),
    applyDefaults: (object) => defaultObject(object as unknown as MutableJsonObject, custom.schema),
    validate: (object, old, subresource) => validateCustomObject(object, old, { version, subresource }),
    columns: printerColumns(version),
    selectableFields: selectableFieldsOf(version),
    hasGeneration: true,
    custom,
  };
}

function customKindOf(
  { metadata, spec, status }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  state: DefinitionState,
): CustomKind {
  const { kind, listKind } = status?.acceptedNames ?? spec.names;
  const storage = spec.versions.find((each) => each.storage) ?? version;
  return {
    definition: metadata.name,
    definitionUid: metadata.uid ?? '',
    listKind: listKind ?? `${kind}List`,
    schema: schemaOf(version),
    storage: { apiVersion: `${spec.group}/${storage.name}`, schema: schemaOf(storage) },
    ...(version.subresources?.scale === undefined ? {} : { scale: version.subresources.scale }),
    ...(version.deprecated === true ? { deprecation: deprecationOf(spec, version) } : {}),
    conversion: spec.conversion ?? { strategy: 'None' },
    terminating: metadata.deletionTimestamp !== undefined,
    ...state,
  };
}

/** What a client of a deprecated version is told. */
function deprecationOf(
  { group, names }: CustomResourceDefinition['spec'],
  { name, deprecationWarning }: CustomResourceDefinitionVersion,
): string {
  return deprecationWarning ?? `${group}/${name} ${names.kind} is deprecated`;
}

/** Field selectors by the names that clients write: `spec.colour` of the path `.spec.colour`. */
function selectableFieldsOf({
  selectableFields = [],
}: CustomResourceDefinitionVersion): Readonly<Record<string, (object: KubeObject) => string>> {
  return Object.fromEntries(
    selectableFields.flatMap(({ jsonPath }) => {
      const path = parseJsonPath(jsonPath);
      if (path === undefined) return [];
      const read = (object: KubeObject): string => {
        const value = findByPath(object as unknown as Json, path)[0];
        return value === undefined || value === null ? '' : String(value);
      };
      return [[jsonPath.replace(/^\./u, ''), read]];
    }),
  );
}

function schemaOf({ schema }: CustomResourceDefinitionVersion): JSONSchemaProps {
  return schema?.openAPIV3Schema ?? FREE_SCHEMA;
}
