import { createDiscovery, type Discovery } from '#apiserver/discovery.ts';
import type { KindSet, Kinds } from '#apiserver/kinds.ts';
import { createOpenApi, type OpenApi } from '#apiserver/openapi.ts';
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
  readonly #base: Omit<RestContext, 'schemas'>;
  #last: Served | undefined;

  constructor(kinds: Kinds, base: Omit<RestContext, 'schemas'>) {
    this.#kinds = kinds;
    this.#base = base;
  }

  /** What is served now. A request goes on with what it began with. */
  get now(): Served {
    const kinds = this.#kinds.current;
    if (this.#last?.kinds !== kinds) this.#last = servedOf(kinds, this.#base);
    return this.#last;
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
