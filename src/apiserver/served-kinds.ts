import type { ResourceType } from '#api/resource.ts';
import type { Definitions } from '#apiserver/custom/definitions.ts';
import { createDiscovery, type Discovery, unknownResource } from '#apiserver/discovery.ts';
import type { KindSet, Kinds } from '#apiserver/kinds.ts';
import { createOpenApi, type OpenApi } from '#apiserver/openapi.ts';
import type { ResourcePath } from '#apiserver/request-info.ts';
import type { RestContext } from '#apiserver/rest-context.ts';

/** What is made of one set of kinds, and kept until it changes. */
export interface Served {
  readonly kinds: KindSet;
  readonly context: RestContext;
  /** Made when it is first asked for. */
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
}

/** What a server serves of its kinds: made anew after each change of them. */
export class ServedKinds {
  readonly #kinds: Kinds;
  readonly #definitions: Definitions;
  readonly #base: Omit<RestContext, 'schemas'>;
  #last: Served | undefined;

  constructor(
    { kinds, definitions }: { readonly kinds: Kinds; readonly definitions: Definitions },
    base: Omit<RestContext, 'schemas'>,
  ) {
    this.#kinds = kinds;
    this.#definitions = definitions;
    this.#base = base;
  }

  /** What is served now. A request goes on with what it began with. */
  get now(): Served {
    const kinds = this.#kinds.current;
    if (this.#last?.kinds !== kinds) this.#last = servedOf(kinds, this.#base);
    return this.#last;
  }

  /** What is served, with the kind of a path: one that nobody knows may have been defined a moment ago. Throws 404. */
  async resolve(info: ResourcePath): Promise<Pick<Served, 'kinds' | 'context'> & { type: ResourceType }> {
    if (this.now.kinds.find(info) === undefined) await this.#definitions.look(info);
    const { kinds, context } = this.now;
    const type = kinds.find(info);
    if (type === undefined) throw unknownResource();
    if (!type.namespaced && info.namespace !== undefined && type.plural !== 'namespaces')
      throw unknownResource();
    return { kinds, context, type };
  }
}

function servedOf(kinds: KindSet, base: Omit<RestContext, 'schemas'>): Served {
  const made: { discovery?: Discovery; openApi?: OpenApi } = {};
  return {
    kinds,
    context: { ...base, schemas: kinds.schemas },
    get discovery() {
      made.discovery ??= createDiscovery(kinds.types);
      return made.discovery;
    },
    get openApi() {
      made.openApi ??= createOpenApi(kinds.types, { schemas: kinds.schemas, clock: base.clock });
      return made.openApi;
    },
  };
}
