import { type Lease, leaseResource } from '#api/coordination/lease.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { Views } from '#client/views.ts';
import { sha256Digest } from '#pki/digest.ts';
import { type Clock, microTimestamp, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** A hub whose Lease was not renewed for so long is taken to be gone, in seconds. */
const PRESENCE_SECONDS = 15;

/** How often a hub renews its Lease, in milliseconds. */
const RENEW_MS = 5000;

/** The Lease of a hub that is gone for so long is removed, in milliseconds. */
const FORGET_MS = 10 * 60_000;

/** What the Leases of hubs carry. */
const LABELS = { 'fleet.skerry.io/component': 'hub' };

export interface HubPresenceOptions {
  /** This hub, among all that ever were. */
  readonly identity: string;
  readonly client: Client;
  readonly views: Views;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Which of the hubs on one store are there, by a Lease of each in `kube-system`, as API servers of Kubernetes tell each other
 * (KEP-1965). Sites name the hub that has their link: so one Lease a hub, and no write for an idle site, says of every site
 * whether any hub can still have it.
 */
export class HubPresence {
  readonly identity: string;
  readonly #options: HubPresenceOptions;
  /** When the Lease of each hub was last seen to change, by this hub's own clock. */
  readonly #seenMs = new Map<string, number>();

  /** To be made before the views run. */
  constructor(options: HubPresenceOptions) {
    this.identity = options.identity;
    this.#options = options;
    options.views.of(leaseResource).subscribe(({ object }) => {
      const holder = object === undefined ? undefined : holderOf(object);
      if (holder !== undefined) this.#seenMs.set(holder, options.clock.monotonic());
    });
  }

  /** Whether that hub was heard of lately; one that this hub never heard of is given the time to be. */
  isPresent(identity: string): boolean {
    return identity === this.identity || this.#silentMs(identity) < PRESENCE_SECONDS * 1000;
  }

  /** Renews this hub's Lease, and removes those that were left, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#renew();
        await this.#forget();
      } catch (error) {
        this.#options.log.warn('the presence of this hub was not renewed', { error });
      }
      await pause(this.#options.clock, RENEW_MS, signal);
    }
  }

  #silentMs(identity: string): number {
    const nowMs = this.#options.clock.monotonic();
    const seenMs = this.#seenMs.get(identity) ?? nowMs;
    this.#seenMs.set(identity, seenMs);
    return nowMs - seenMs;
  }

  async #renew(): Promise<void> {
    const { client, clock } = this.#options;
    const renewTime = microTimestamp(clock.now());
    const name = leaseName(this.identity);
    try {
      const patch = { spec: { renewTime } };
      await client.patch(leaseResource, name, { patchType: 'merge', patch });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
      await client.create(leaseResource, {
        ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...name, labels: LABELS } },
        spec: { holderIdentity: this.identity, leaseDurationSeconds: PRESENCE_SECONDS, renewTime },
      });
    }
  }

  async #forget(): Promise<void> {
    const { client, views } = this.#options;
    for (const lease of views.of(leaseResource).list()) {
      const holder = holderOf(lease);
      if (holder === undefined || holder === this.identity || this.#silentMs(holder) < FORGET_MS) continue;
      this.#seenMs.delete(holder);
      await client.delete(leaseResource, leaseName(holder)).catch((error: unknown) => {
        if (!isStatus(error, 'NotFound')) throw error;
      });
    }
  }
}

/** The hub whose presence a Lease says; undefined for any other Lease. */
function holderOf({ metadata, spec }: Lease): string | undefined {
  const isHub = Object.entries(LABELS).every(([label, value]) => metadata.labels?.[label] === value);
  return isHub ? spec.holderIdentity : undefined;
}

function leaseName(identity: string): { namespace: string; name: string } {
  const digest = sha256Digest(identity).replace('sha256:', '').slice(0, 16);
  return { namespace: 'kube-system', name: `skerry-hub-${digest}` };
}
