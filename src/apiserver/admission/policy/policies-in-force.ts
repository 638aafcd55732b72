import type { MatchResources, ParamRef } from '#api/admissionregistration/rule.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { AdmissionTarget } from '#apiserver/admission/plugin.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

/** A binding of either kind of policies. */
export interface PolicyBinding extends KubeObject {
  readonly spec: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
  };
}

/** A policy with what is derived from it once, and its bindings. */
export interface PolicyInForce<P extends KubeObject, C, B extends PolicyBinding> {
  readonly policy: P;
  readonly compiled: C;
  readonly bindings: readonly B[];
}

/** What policies never see: themselves, so that a wrong one can be taken away again. */
export function isSubjectToPolicies({ type }: Pick<AdmissionTarget, 'type'>): boolean {
  return !(type.group === 'admissionregistration.k8s.io' && /polic|webhook/.test(type.plural));
}

/**
 * The policies of one kind that have a binding, ordered by name: in force with the next request after the write that made
 * them, and read before the first request after a start.
 */
export class PoliciesInForce<P extends KubeObject, C, B extends PolicyBinding> {
  readonly #policies: StoredKind<P>;
  readonly #bindings: StoredKind<B>;
  readonly #compile: (policy: P) => C;
  readonly #compiled = new WeakMap<P, C>();
  #known: readonly PolicyInForce<P, C, B>[] = [];
  #versions = '';

  constructor(
    store: Store,
    kinds: {
      readonly policies: ResourceType<P>;
      readonly bindings: ResourceType<B>;
      readonly compile: (policy: P) => C;
    },
  ) {
    this.#policies = new StoredKind(store, kinds.policies);
    this.#bindings = new StoredKind(store, kinds.bindings);
    this.#compile = kinds.compile;
  }

  async current(): Promise<readonly PolicyInForce<P, C, B>[]> {
    const [policies, bindings] = [this.#policies, this.#bindings];
    if (!policies.isReady) await policies.ready();
    if (!bindings.isReady) await bindings.ready();
    const versions = `${policies.version}/${bindings.version}`;
    if (versions !== this.#versions) {
      this.#known = policies.size === 0 || bindings.size === 0 ? [] : this.#derive();
      this.#versions = versions;
    }
    return this.#known;
  }

  #derive(): PolicyInForce<P, C, B>[] {
    const byPolicy = Map.groupBy(this.#bindings.list(), ({ spec }) => spec.policyName ?? '');
    return this.#policies.list().flatMap((policy) => {
      const bindings = byPolicy.get(policy.metadata.name) ?? [];
      return bindings.length === 0 ? [] : [{ policy, compiled: this.#compiledOf(policy), bindings }];
    });
  }

  #compiledOf(policy: P): C {
    const known = this.#compiled.get(policy);
    if (known !== undefined) return known;
    const compiled = this.#compile(policy);
    this.#compiled.set(policy, compiled);
    return compiled;
  }
}
