import type { Namespace } from '#api/core/namespace.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type {
  AdmissionAttributes,
  AdmissionPlugin,
  AdmissionRequest,
  AdmissionTarget,
} from '#apiserver/admission/plugin.ts';
import { StoredNamespaces } from '#apiserver/admission/stored-namespaces.ts';
import type { CommitResult, Operation, Store } from '#store/store.ts';

/** How often a write is validated again because what a plugin writes with it was changed meanwhile; then it is a conflict. */
const COMMIT_ATTEMPTS_MAX = 8;

/** The plugins that take part in one kind of request, by phase. */
interface Course {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
  readonly accompanying: readonly AdmissionPlugin[];
}

/** All plugins of a server, in order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #namespaces: StoredNamespaces;
  readonly #courses = new WeakMap<ResourceType, Map<string, Course | undefined>>();

  constructor(plugins: readonly AdmissionPlugin[], store: Store) {
    this.#plugins = plugins;
    this.#namespaces = new StoredNamespaces(store);
  }

  /** The way of one request through the plugins; undefined where none looks at such requests. Whoever begins it ends it. */
  begin(attributes: AdmissionAttributes): Admission | undefined {
    const course = this.#courseOf(attributes);
    return course === undefined ? undefined : new Admission(attributes, course, this.#namespaces);
  }

  /** Whether such a request may have to begin again, with the object as it was sent. */
  mayBeginAgain(target: AdmissionTarget): boolean {
    return (this.#courseOf(target)?.accompanying.length ?? 0) > 0;
  }

  /** Both phases, for a request that writes nothing by itself: a connection, an eviction. */
  async admit(attributes: AdmissionAttributes): Promise<void> {
    const admission = this.begin(attributes);
    if (admission === undefined) return;
    try {
      await admission.mutate();
      await admission.validate();
    } finally {
      admission.end();
    }
  }

  #courseOf(target: AdmissionTarget): Course | undefined {
    const { type, operation, subresource } = target;
    let courses = this.#courses.get(type);
    if (courses === undefined) this.#courses.set(type, (courses = new Map()));
    const key = subresource === undefined ? operation : `${operation}/${subresource}`;
    if (courses.has(key)) return courses.get(key);
    const plugins = this.#plugins.filter((plugin) => plugin.handles(target));
    const course = {
      mutating: plugins.filter(({ mutate }) => mutate !== undefined),
      validating: plugins.filter(({ validate }) => validate !== undefined),
      accompanying: plugins.filter(({ accompany }) => accompany !== undefined),
    };
    const taken = plugins.length === 0 ? undefined : course;
    courses.set(key, taken);
    return taken;
  }
}

/** One request on its way. */
export class Admission implements AdmissionRequest {
  readonly operation: AdmissionRequest['operation'];
  readonly type: ResourceType;
  readonly subresource: string | undefined;
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly user: AdmissionRequest['user'];
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly deleteOptions?: NonNullable<AdmissionRequest['deleteOptions']>;
  readonly notes: AdmissionRequest['notes'];
  readonly #attributes: AdmissionAttributes;
  readonly #course: Course;
  readonly #namespaces: StoredNamespaces;
  #operations: Operation[] | undefined;
  #releases: (() => void)[] | undefined;
  /** Looked up once for all plugins. */
  #namespaceObject: Promise<Namespace | undefined> | undefined;
  #pass = 1;
  #again = false;

  constructor(attributes: AdmissionAttributes, course: Course, namespaces: StoredNamespaces) {
    this.operation = attributes.operation;
    this.type = attributes.type;
    this.subresource = attributes.subresource;
    this.object = attributes.object;
    this.old = attributes.old;
    this.user = attributes.user;
    this.dryRun = attributes.dryRun;
    this.fieldManager = attributes.fieldManager;
    if (attributes.deleteOptions !== undefined) this.deleteOptions = attributes.deleteOptions;
    this.notes = attributes.notes;
    this.#attributes = attributes;
    this.#course = course;
    this.#namespaces = namespaces;
  }

  get kind(): AdmissionRequest['kind'] {
    return this.#attributes.kind ?? this.type;
  }

  get name(): string {
    return this.#attributes.name ?? this.object.metadata.name;
  }

  get namespace(): string | undefined {
    if (this.type.namespaced) return this.#attributes.namespace ?? this.object.metadata.namespace;
    return this.type.group === '' && this.type.plural === 'namespaces' ? this.name : undefined;
  }

  get pass(): number {
    return this.#pass;
  }

  get operations(): Operation[] {
    this.#operations ??= [];
    return this.#operations;
  }

  namespaceObject(): Promise<Namespace | undefined> {
    const { namespace } = this;
    if (namespace === undefined) return Promise.resolve(undefined);
    this.#namespaceObject ??= this.#namespaces.get(namespace);
    return this.#namespaceObject;
  }

  reinvoke(): void {
    this.#again = true;
  }

  onEnd(release: () => void): void {
    (this.#releases ??= []).push(release);
  }

  /** The first phase. Changes the object. */
  async mutate(): Promise<void> {
    await this.#mutateOnce();
    if (!this.#again) return;
    this.#pass = 2;
    await this.#mutateOnce();
  }

  /** The last phase. */
  async validate(): Promise<void> {
    if (this.#operations !== undefined) this.#operations.length = 0;
    for (const plugin of this.#course.validating) {
      const waiting = plugin.validate?.(this);
      if (waiting !== undefined) await waiting;
    }
  }

  /** Most plugins have done their work when they return: a turn for each of them would cost more than that. */
  async #mutateOnce(): Promise<void> {
    for (const plugin of this.#course.mutating) {
      const waiting = plugin.mutate?.(this);
      if (waiting !== undefined) await waiting;
    }
  }

  /**
   * Commits the validated write with what the plugins write with it. Where only the latter was changed by others meanwhile,
   * the plugins validate again; where it was what the object itself rests on, it is for the caller to begin again.
   */
  async commit(store: Store, operation: Operation): Promise<CommitResult> {
    const accompanying = this.#course.accompanying.length === 0 ? [] : await this.#accompanying(operation);
    for (let attempt = 1; ; attempt++) {
      const own = this.#operations ?? [];
      const beside = accompanying.length === 0 ? own : [...own, ...accompanying];
      const result = await store.commit(beside.length === 0 ? [operation] : [operation, ...beside]);
      if (result.type === 'committed' || result.key === operation.key) return result;
      if (attempt >= COMMIT_ATTEMPTS_MAX || accompanying.some(({ key }) => key === result.key)) return result;
      this.#namespaceObject = undefined;
      await this.validate();
    }
  }

  async #accompanying(written: Operation): Promise<readonly Operation[]> {
    const all: Operation[] = [];
    for (const { accompany } of this.#course.accompanying)
      if (accompany !== undefined) all.push(...(await accompany(this, written)));
    return all;
  }

  /** The request is over: what plugins hold for it is free. */
  end(): void {
    const releases = this.#releases;
    this.#releases = undefined;
    for (const release of releases ?? []) release();
  }
}

/** Commits a write that may have no admission. */
export function commitAdmitted(
  store: Store,
  admission: Admission | undefined,
  operation: Operation,
): Promise<CommitResult> {
  return admission === undefined ? store.commit([operation]) : admission.commit(store, operation);
}
