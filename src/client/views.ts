import type { KubeObject } from '#api/object.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';
import type { Client } from '#client/client.ts';
import { View, type ViewOptions } from '#client/view.ts';
import { assert } from '#system/assert.ts';

/** One view for each kind, shared by everything in a process that reads it. */
export class Views {
  readonly #client: Client;
  readonly #options: ViewOptions;
  readonly #views = new Map<string, View<KubeObject>>();

  constructor(client: Client, options: ViewOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** The view of a kind; made at the first call. All views are to be asked for before {@link run}. */
  of<T extends KubeObject>(type: ResourceType<T>): View<T> {
    const name = resourceName(type);
    const existing = this.#views.get(name);
    if (existing !== undefined) return existing as unknown as View<T>;
    const view = new View<T>(this.#client, type, this.#options);
    this.#views.set(name, view as unknown as View<KubeObject>);
    return view;
  }

  /**
   * Adds the view of a kind that came later, with options of its own, and runs it until `signal` aborts. The kind
   * must have none.
   */
  add<T extends KubeObject>(
    type: ResourceType<T>,
    options: Partial<ViewOptions>,
    signal: AbortSignal,
  ): View<T> {
    const name = resourceName(type);
    assert(!this.#views.has(name), `${name} has a view already`);
    const view = new View<T>(this.#client, type, { ...this.#options, ...options });
    this.#views.set(name, view as unknown as View<KubeObject>);
    void view.run(signal);
    return view;
  }

  /** Forgets a view that was added; whoever holds it still reads what it knew. */
  forget(type: ResourceType): void {
    this.#views.delete(resourceName(type));
  }

  /** The views made so far. */
  get all(): readonly View<KubeObject>[] {
    return [...this.#views.values()];
  }

  /** Whether every view has its first list in. */
  get synced(): boolean {
    return [...this.#views.values()].every((view) => view.synced);
  }

  /** Runs all views until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#views.values()].map((view) => view.run(signal)));
  }
}
