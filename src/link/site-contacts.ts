import { type Site, type SiteConnectivity, siteResource } from '#api/fleet/site.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import { SILENCE_MS_MAX } from '#link/wire.ts';
import { type Clock, pause, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** How often the connectivity of sites that should be here is looked over, in milliseconds. */
const SWEEP_INTERVAL_MS = 15_000;

/** A site whose link ended may come back within this time without being told to be Offline, in milliseconds. */
const OFFLINE_AFTER_MS = 5000;

/**
 * Writes `status.connectivity` of Sites. Only changes are written: an idle site costs the hub no store writes. A hub that
 * was away itself says Unknown of its sites, until it has listened long enough to know that they are Offline.
 */
export class SiteContacts {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sites: View<Site>;
  readonly #isConnected: (site: string) => boolean;

  constructor(
    { client, clock, log, views }: { client: Client; clock: Clock; log: Log; views: Views },
    isConnected: (site: string) => boolean,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#sites = views.of(siteResource);
    this.#isConnected = isConnected;
  }

  /** A site that comes back before it was said to be Offline costs no write: a flapping line stays cheap. */
  async connected(site: string): Promise<void> {
    if (this.#sites.get(site)?.status?.connectivity?.state === 'Connected') return;
    await this.#write(site, { state: 'Connected', lastContactTime: timestamp(this.#clock.now()) });
  }

  /** The link of a site has ended: it is Offline once it has stayed away for a while. */
  disconnected(site: string): void {
    const lastContactTime = timestamp(this.#clock.now());
    this.#clock.after(OFFLINE_AFTER_MS, () => {
      if (!this.#isConnected(site)) void this.#write(site, { state: 'Offline', lastContactTime });
    });
  }

  /**
   * Corrects what an earlier hub wrote: first to Unknown, then, for whoever stays away, to Offline. And what this one wrote,
   * where a site came back while it was being written.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#correct('Unknown');
    await pause(this.#clock, SILENCE_MS_MAX, signal);
    while (!signal.aborted) {
      await this.#correct('Offline');
      await pause(this.#clock, SWEEP_INTERVAL_MS, signal);
    }
  }

  async #correct(state: 'Unknown' | 'Offline'): Promise<void> {
    for (const site of this.#sites.list()) {
      const { name } = site.metadata;
      const said = site.status?.connectivity?.state;
      if (this.#isConnected(name)) await this.connected(name);
      else if (said === 'Connected' || (said === 'Unknown' && state === 'Offline'))
        await this.#write(name, { state });
    }
  }

  async #write(
    site: string,
    { state, lastContactTime }: { state: SiteConnectivity['state']; lastContactTime?: string },
  ): Promise<void> {
    const known = this.#sites.get(site)?.status?.connectivity;
    const since = known?.state === state ? known.since : timestamp(this.#clock.now());
    const connectivity = { state, since, ...(lastContactTime === undefined ? {} : { lastContactTime }) };
    try {
      await this.#client.patch(
        siteResource,
        { name: site },
        { patchType: 'merge', patch: { status: { connectivity } }, subresource: 'status' },
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound'))
        this.#log.warn('the connectivity of a site was not written', { site, state, error });
    }
  }
}
