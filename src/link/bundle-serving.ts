import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { LinkChannel } from '#link/link-channel.ts';
import { BLOB_BYTES_MAX, type HubMessage, type SiteMessage } from '#link/wire.ts';

/** Bundles that one site may have asked for and not got yet; a site that asks for more is cut off. */
const REQUESTS_MAX = 16;

type FetchRequest = Extract<SiteMessage, { type: 'fetch' }>;

export interface BundleServingOptions {
  readonly client: Client;
  readonly site: string;
  readonly channel: LinkChannel<HubMessage>;
  readonly instances: View<ApplicationInstance>;
}

/** Sends a site the bundles that it asks for, one after the other, beside whatever else the link carries. */
export class BundleServing {
  readonly #options: BundleServingOptions;
  readonly #onFailure: (error: unknown) => void;
  #serving: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: BundleServingOptions, onFailure: (error: unknown) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Throws where the request is none that a site sends. */
  request(request: FetchRequest): void {
    const { id, offset } = request;
    const isSound =
      Number.isSafeInteger(offset) && offset >= 0 && Number.isInteger(id) && id >= 0 && id < 2 ** 32;
    if (!isSound) throw new Error(`fetch ${id} from ${offset} is no request for a bundle`);
    if (this.#waiting >= REQUESTS_MAX) throw new Error(`${this.#waiting} bundles are asked for at once`);
    this.#waiting += 1;
    this.#serving = this.#serving
      .then(() => this.#serve(request))
      .catch(this.#onFailure)
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Sends the bundle from `offset` on, in pieces, each when the one before has left. */
  async #serve(request: FetchRequest): Promise<void> {
    const { client, channel } = this.#options;
    if (channel.isClosed) return undefined;
    const name = { namespace: request.namespace, name: request.revision };
    const revision = this.#mayRead(request)
      ? await client.find(applicationRevisionResource, name)
      : undefined;
    if (revision?.spec.digest !== request.digest) return channel.send({ type: 'missing', id: request.id });
    const bytes = new TextEncoder().encode(revision.spec.manifests);
    for (let { offset } = request; offset < bytes.length; offset += BLOB_BYTES_MAX) {
      await channel.sendBlob(request.id, bytes.subarray(offset, offset + BLOB_BYTES_MAX));
    }
    return channel.send({ type: 'fetched', id: request.id });
  }

  /** A site reads only the bundles that it shall run. */
  #mayRead({ namespace, revision }: FetchRequest): boolean {
    const { instances, site } = this.#options;
    return instances
      .list({ namespace })
      .some(({ spec }) => spec.site === site && spec.revision.name === revision);
  }
}
