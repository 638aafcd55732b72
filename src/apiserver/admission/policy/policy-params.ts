import type { ParamKind, ParamRef } from '#api/admissionregistration/rule.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { compileLabelSelector } from '#api/selector.ts';
import type { AdmissionRequest } from '#apiserver/admission/plugin.ts';
import type { Kinds } from '#apiserver/kinds.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

/** A policy or binding that cannot be put into force as it stands. Its failurePolicy says what becomes of the request. */
export class PolicyConfigurationError extends Error {
  readonly subject: 'policy' | 'binding';

  constructor(subject: 'policy' | 'binding', message: string) {
    super(`failed to configure ${subject}: ${message}`);
    this.name = 'PolicyConfigurationError';
    this.subject = subject;
  }
}

/** The parameters of policies, each kind kept in memory from its first use on. */
export class PolicyParams {
  readonly #store: Store;
  readonly #kinds: Kinds;
  readonly #known = new Map<string, StoredKind<KubeObject>>();

  constructor({ store, kinds }: { readonly store: Store; readonly kinds: Kinds }) {
    this.#store = store;
    this.#kinds = kinds;
  }

  /**
   * What a binding gives to its policy for a request: one evaluation for each. `[undefined]` where it gives none, nothing where
   * there is none and it says `Allow`. Throws PolicyConfigurationError.
   */
  async of(
    paramKind: ParamKind | undefined,
    paramRef: ParamRef | undefined,
    request: AdmissionRequest,
  ): Promise<readonly (KubeObject | undefined)[]> {
    if (paramKind === undefined) return [undefined];
    const type = this.#typeOf(paramKind);
    if (paramRef === undefined) return [undefined];
    const namespace = namespaceOf(type, paramRef, request);
    const objects = await this.#storedOf(type).ready();
    const found = select(objects, paramRef, namespace);
    if (found.length > 0 || paramRef.parameterNotFoundAction === 'Allow') return found;
    throw new PolicyConfigurationError(
      'binding',
      'no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  }

  #typeOf({ apiVersion = '', kind = '' }: ParamKind): ResourceType {
    const type = this.#kinds.current.types.find(
      (candidate) => candidate.kind === kind && apiVersionOf(candidate) === apiVersion,
    );
    if (type !== undefined) return type;
    throw new PolicyConfigurationError(
      'policy',
      `failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
    );
  }

  #storedOf(type: ResourceType): StoredKind<KubeObject> {
    const key = `${type.group}/${type.plural}`;
    let stored = this.#known.get(key);
    if (stored === undefined) this.#known.set(key, (stored = new StoredKind(this.#store, type)));
    return stored;
  }
}

function namespaceOf(
  type: ResourceType,
  { namespace = '' }: ParamRef,
  request: AdmissionRequest,
): string | undefined {
  if (!type.namespaced) {
    if (namespace === '') return undefined;
    throw new PolicyConfigurationError(
      'binding',
      'paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    );
  }
  if (namespace !== '') return namespace;
  if (request.type.namespaced && request.namespace !== undefined) return request.namespace;
  throw new PolicyConfigurationError(
    'binding',
    'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
  );
}

function select(
  objects: StoredKind<KubeObject>,
  { name = '', selector }: ParamRef,
  namespace: string | undefined,
): readonly KubeObject[] {
  if (name !== '') {
    const object = objects.get({ namespace, name });
    return object === undefined ? [] : [object];
  }
  if (selector === undefined) return [];
  const matcher = compileLabelSelector(selector);
  return objects.list(namespace).filter(({ metadata }) => matcher.matches(metadata.labels ?? {}));
}
