import type { CustomKind } from '#api/apiextensions/custom-kind.ts';
import {
  CLEANUP_FINALIZER,
  type CustomResourceDefinition,
  customResourceDefinitionResource,
} from '#api/apiextensions/custom-resource-definition.ts';
import { invalidValue } from '#api/field-errors.ts';
import { conflict, invalid, StatusError } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { unknownResource } from '#apiserver/discovery.ts';
import type { Kinds } from '#apiserver/kinds.ts';
import { decodeObject, kindPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import type { CheckOperation, Store } from '#store/store.ts';

const { group: GROUP, kind: KIND, plural: PLURAL } = customResourceDefinitionResource;

/**
 * What no definition may do: add to a group of the server's own, or go while an object of its kind is left. And nothing is
 * created of a kind whose definition is going: the commit of the object checks that it is not.
 */
export function definitionGuard({
  store,
  kinds,
}: {
  readonly store: Store;
  readonly kinds: Kinds;
}): AdmissionPlugin {
  const definitions = new DefinitionsInForce(store);
  return {
    name: 'CustomResourceDefinitionGuard',
    handles: ({ operation, type }) =>
      (type.custom !== undefined && operation === 'create') || (type.group === GROUP && type.kind === KIND),
    async mutate({ operation, type, object, old }) {
      if (type.custom !== undefined) {
        if (type.custom.terminating) throw terminating();
        return;
      }
      const definition = object as CustomResourceDefinition;
      if (operation === 'create') assertOwnGroup(definition, kinds);
      if (operation === 'update' && isLetGo(definition, old)) await assertNothingLeft(definition, store);
    },
    async validate({ operation, type, operations, dryRun }) {
      if (type.custom === undefined || operation !== 'create' || dryRun) return;
      operations.push(await definitions.check(type.custom));
    },
  };
}

/** The definitions that kinds were made from, each looked into once for each of its revisions. */
class DefinitionsInForce {
  readonly #store: Store;
  readonly #sound = new WeakMap<CustomKind, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Holds in a commit for as long as the definition of `custom` is what it is now: one that takes new objects. */
  async check(custom: CustomKind): Promise<CheckOperation> {
    const key = objectStoreKey(customResourceDefinitionResource, { name: custom.definition });
    const entry = await this.#store.get(key);
    if (entry === undefined) throw unknownResource();
    if (this.#sound.get(custom) !== entry.revision) {
      const { metadata } = decodeObject(entry.value);
      if (metadata.uid !== custom.definitionUid) throw unknownResource();
      if (metadata.deletionTimestamp !== undefined) throw terminating();
      this.#sound.set(custom, entry.revision);
    }
    return { type: 'check', key, precondition: { type: 'revision', revision: entry.revision } };
  }
}

/** As upstream words it: 405. */
function terminating(): StatusError {
  return new StatusError(
    'MethodNotAllowed',
    'create not allowed while custom resource definition is terminating',
  );
}

function assertOwnGroup({ metadata, spec }: CustomResourceDefinition, kinds: Kinds): void {
  const group = spec?.group ?? '';
  if (group === '' || !kinds.isBuiltInGroup(group)) return;
  const detail = "must not be a group of the server's own kinds, which no definition may add to or replace";
  throw invalid({ kind: KIND, group: GROUP, name: metadata.name }, [
    invalidValue('spec.group', group, detail),
  ]);
}

function isLetGo(
  { metadata }: CustomResourceDefinition,
  old: { metadata: { finalizers?: string[] } } | undefined,
): boolean {
  const had = old?.metadata.finalizers?.includes(CLEANUP_FINALIZER) === true;
  return had && metadata.finalizers?.includes(CLEANUP_FINALIZER) !== true;
}

async function assertNothingLeft(
  { metadata, spec, status }: CustomResourceDefinition,
  store: Store,
): Promise<void> {
  const { plural = spec.names.plural } = status?.acceptedNames ?? {};
  // A definition that never had its names accepted has made no objects; those of that name are another's.
  if (plural === '') return;
  const left = await store.count(kindPrefix({ group: spec.group, plural }));
  if (left > 0)
    throw conflict(
      { resource: PLURAL, group: GROUP, name: metadata.name },
      `${left} ${plural} are left: they are deleted before their definition`,
    );
}
