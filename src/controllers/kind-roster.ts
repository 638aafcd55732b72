import { type ResourceType, resourceName } from '#api/resource.ts';

/**
 * The kinds that the controllers of all kinds deal with. It grows while they run, by kinds of which everything is known
 * already; each plan reads it afresh.
 */
export class KindRoster {
  readonly #types: ResourceType[];

  constructor(types: readonly ResourceType[]) {
    // Objects that are served in two versions are dealt with once.
    this.#types = types.filter(({ storedAs }) => storedAs === undefined);
  }

  get types(): readonly ResourceType[] {
    return this.#types;
  }

  /** The kind by its plural and group, in whichever version it is read. */
  find(name: { readonly group: string; readonly plural: string }): ResourceType | undefined {
    return this.#types.find((type) => type.plural === name.plural && type.group === name.group);
  }

  add(type: ResourceType): void {
    this.#types.push(type);
  }

  remove(type: ResourceType): void {
    const index = this.#types.findIndex((each) => resourceName(each) === resourceName(type));
    if (index >= 0) this.#types.splice(index, 1);
  }
}
