/**
 * Writes docs/reference/kinds.md: every built-in kind, and what the server does for it.
 *
 * Run: `node tools/generate-kinds.ts`. `check-docs.ts` holds the checked-in file against it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { hasProtobuf } from '#api/protobuf/decode.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { operationsOf } from '#apiserver/openapi-operations.ts';
import { ROOT } from './source-files.ts';

/** The file that is generated, from the root of the repository. */
export const KINDS_PATH = 'docs/reference/kinds.md';

const VERB_OF_ACTION: Readonly<Record<string, string>> = {
  list: 'list',
  get: 'get',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

const ALL_VERBS = 'create, delete, deletecollection, get, list, patch, update';

/** The whole document. */
export function formatKinds(types: readonly ResourceType[] = BUILTIN_RESOURCES): string {
  const groups = Map.groupBy(types, ({ group }) => group);
  const sections = [...groups].map(
    ([group, members]) =>
      `## ${group === '' ? 'core' : group}\n\n| kind | short, categories | scope | verbs, subresources | columns (wide in brackets) | field selectors | Protobuf in |\n|---|---|---|---|---|---|---|\n${members.map(rowOf).join('\n')}\n`,
  );
  const header =
    '# Kinds\n\nGenerated from the catalogue by `npm run kinds`: every kind that is built in, and what the server does for it. ' +
    'Each has defaults and validation as the Kubernetes API reference states them, tables, partial metadata, watches, all four ' +
    'forms of patch, dry runs and selection by `metadata.name` and `metadata.namespace`. "All" verbs are ' +
    `${ALL_VERBS} and watch. Kinds that a CustomResourceDefinition adds have the same, but for Protobuf and strategic merge.\n`;
  return `${header}\n${sections.join('\n')}`;
}

function rowOf(type: ResourceType): string {
  const { kind, shortNames, categories, namespaced, columns, selectableFields, storedAs } = type;
  const [always, wide] = [0, 1].map((priority) =>
    columns.filter((column) => column.priority === priority).map(({ name }) => name),
  );
  const kept = storedAs === undefined ? '' : ` (stored as ${apiVersionOf(storedAs.type)})`;
  const cells = [
    `\`${apiVersionOf(type)}\` ${kind}${kept}`,
    [...shortNames, ...categories.map((name) => `*${name}*`)].join(', '),
    namespaced ? 'namespace' : 'cluster',
    verbsOf(type),
    `${(always ?? []).join(', ')}${wide === undefined || wide.length === 0 ? '' : ` (${wide.join(', ')})`}`,
    Object.keys(selectableFields)
      .map((field) => `\`${field}\``)
      .join(', '),
    hasProtobuf({ apiVersion: apiVersionOf(type), kind }) ? 'yes' : 'no',
  ];
  return `| ${cells.join(' | ')} |`;
}

function verbsOf(type: ResourceType): string {
  const operations = operationsOf(type);
  const below = new Set<string>();
  const verbs = new Set<string>();
  for (const { path, action } of operations) {
    const subresource = path.split('/{name}/')[1];
    if (subresource !== undefined) below.add(`/${subresource}`);
    else verbs.add(VERB_OF_ACTION[action] ?? action);
  }
  const listed = [...verbs].toSorted().join(', ');
  return [listed === ALL_VERBS ? 'all' : listed, ...below].join(', ');
}

if (import.meta.main) writeFileSync(join(ROOT, KINDS_PATH), formatKinds());
