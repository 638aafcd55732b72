import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { nameOfStoreKey, storedObject } from '#simulation/stored-object-view.ts';

/** Everything that the hub ever wished of its sites, as its store says. */
export class HubWishes {
  /** Digests by `site namespace/name`. */
  readonly #digests = new Map<string, Set<string>>();
  readonly #removals = new Set<string>();
  readonly #bundles = new Map<string, ApplicationRevision>();

  take(key: string, value: Uint8Array | undefined): void {
    const instanceName = nameOfStoreKey(applicationInstanceResource, key);
    if (instanceName !== undefined && value !== undefined)
      this.#takeInstance(instanceName, storedObject(value));
    if (value !== undefined && nameOfStoreKey(applicationRevisionResource, key) !== undefined) {
      const revision = storedObject<ApplicationRevision>(value);
      this.#bundles.set(revision.spec.digest, revision);
    }
  }

  /** Whether the site was ever to run this digest as this instance. */
  wanted(site: string, name: string, digest: string): boolean {
    return this.#digests.get(`${site} ${name}`)?.has(digest) === true;
  }

  /** Whether the site was ever to remove this instance. */
  removed(site: string, name: string): boolean {
    return this.#removals.has(`${site} ${name}`);
  }

  /** The revision that the hub made and signed under this digest. */
  bundle(digest: string): ApplicationRevision | undefined {
    return this.#bundles.get(digest);
  }

  #takeInstance(name: string, { spec, metadata }: ApplicationInstance): void {
    const key = `${spec.site} ${name}`;
    const digests = this.#digests.get(key) ?? new Set();
    this.#digests.set(key, digests.add(spec.revision.digest));
    if (metadata.deletionTimestamp !== undefined) this.#removals.add(key);
  }
}
