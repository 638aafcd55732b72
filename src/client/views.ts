import type { KubeObject } from '#api/object.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';
import type { Client } from '#client/client.ts';
import { View, type ViewOptions } from '#client/view.ts';
import { assert } from '#system/assert.ts';

/** What of a kind a reader asks for. */
export interface ViewInterest {
  /** The reader looks at `metadata` alone; others may still ask for all of the objects. */
  readonly metadataOnly?: boolean;
}

/** One view for each kind, shared by everything in a process that reads it. */
export class Views {
  readonly #client: Client;
  readonly #options: ViewOptions;
  readonly #views = new Map<string, View<KubeObject>>();
  /** By kind and selector. */
  readonly #selected = new Map<string, View<KubeObject>>();

  constructor(client: Client, options: ViewOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * The view of a kind; made at the first call. All views are to be asked for before {@link run}. It holds whole objects as
   * soon as one of its readers wants them.
   */
  of<T extends KubeObject>(type: ResourceType<T>, { metadataOnly = false }: ViewInterest = {}): View<T> {
    const name = resourceName(type);
    let view = this.#views.get(name) as unknown as View<T> | undefined;
    if (view === undefined) {
      view = new View<T>(this.#client, type, { ...this.#options, scope: { metadataOnly: true } });
      this.#views.set(name, view as unknown as View<KubeObject>);
    }
    if (!metadataOnly) view.holdWhole();
    return view;
  }

  /** The objects of a kind that a field selector selects: for who would else hold a kind of which it needs little. */
  selected<T extends KubeObject>(type: ResourceType<T>, fieldSelector: string): View<T> {
    const name = `${resourceName(type)} ${fieldSelector}`;
    const existing = this.#selected.get(name);
    if (existing !== undefined) return existing as unknown as View<T>;
    const view = new View<T>(this.#client, type, { ...this.#options, scope: { fieldSelector } });
    this.#selected.set(name, view as unknown as View<KubeObject>);
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
    return [...this.#views.values(), ...this.#selected.values()];
  }

  /** Whether every view has its first list in. */
  get synced(): boolean {
    return this.all.every((view) => view.synced);
  }

  /** Runs all views until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.all.map((view) => view.run(signal)));
  }
}
