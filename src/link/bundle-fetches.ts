import type { SiteMessage } from '#link/wire.ts';

/** Which bundle is wanted, and what it must be. */
export interface WantedBundle {
  readonly namespace: string;
  readonly revision: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** The largest bundle, in bytes: what an ApplicationRevision can hold. */
export const BUNDLE_BYTES_MAX = 3 * 1024 * 1024;

interface PendingFetch {
  readonly wanted: WantedBundle;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Pieces that arrived of bundles whose link broke off, by digest: a later fetch goes on after them. */
export type PartialBundles = Map<string, Uint8Array>;

/** Bundles of which pieces are kept; at the limit those of the oldest are dropped, and would be fetched anew. */
const PARTIAL_BUNDLES_MAX = 4;

/** The bundles that are on their way over one link. */
export class BundleFetches {
  readonly #send: (request: Extract<SiteMessage, { type: 'fetch' }>) => Promise<void>;
  readonly #pending = new Map<number, PendingFetch>();
  readonly #partial: PartialBundles;
  #nextId = 1;

  constructor(
    send: (request: Extract<SiteMessage, { type: 'fetch' }>) => Promise<void>,
    partial: PartialBundles,
  ) {
    this.#send = send;
    this.#partial = partial;
  }

  /** The bundle's bytes, whole but unverified. */
  async fetch(wanted: WantedBundle): Promise<Uint8Array> {
    if (wanted.sizeBytes > BUNDLE_BYTES_MAX)
      throw new Error(`a bundle of ${wanted.sizeBytes} bytes is larger than ${BUNDLE_BYTES_MAX}`);
    const id = this.#nextId++;
    const { namespace, revision, digest } = wanted;
    const arrived = new Promise<Uint8Array>((resolve, reject) => {
      this.#pending.set(id, { wanted, resolve, reject });
    });
    // Awaited below; a link that closes before that must not make it unhandled.
    arrived.catch(() => undefined);
    await this.#send({
      type: 'fetch',
      id,
      namespace,
      revision,
      digest,
      offset: this.#partial.get(digest)?.length ?? 0,
    });
    return arrived;
  }

  receive(id: number, bytes: Uint8Array): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { digest, sizeBytes } = pending.wanted;
    const whole = Buffer.concat([this.#partial.get(digest) ?? new Uint8Array(), bytes]);
    this.#partial.delete(digest);
    if (whole.length <= sizeBytes) {
      const [oldest] = this.#partial.keys();
      if (this.#partial.size >= PARTIAL_BUNDLES_MAX && oldest !== undefined) this.#partial.delete(oldest);
      this.#partial.set(digest, whole);
      return;
    }
    this.fail(id, new Error(`more than the ${sizeBytes} bytes arrived that the bundle has`));
  }

  finish(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const { digest, sizeBytes } = pending.wanted;
    const bytes = this.#partial.get(digest) ?? new Uint8Array();
    this.#partial.delete(digest);
    if (bytes.length === sizeBytes) pending.resolve(bytes);
    else pending.reject(new Error(`${bytes.length} of ${sizeBytes} bytes of the bundle arrived`));
  }

  fail(id: number, error: Error): void {
    this.#pending.get(id)?.reject(error);
    this.#pending.delete(id);
  }

  close(): void {
    for (const id of [...this.#pending.keys()])
      this.fail(id, new Error('the link closed before the bundle was whole'));
  }
}
