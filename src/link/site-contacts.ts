import { type Site, type SiteConnectivity, siteResource } from '#api/fleet/site.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import type { HubPresence } from '#link/hub-presence.ts';
import { SILENCE_MS_MAX } from '#link/wire.ts';
import { type Clock, parseTimestamp, pause, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** How often the connectivity of sites that should be here is looked over, in milliseconds. */
const SWEEP_INTERVAL_MS = 15_000;

/** A site whose link ended may come back within this time without being told to be Offline, in milliseconds. */
const OFFLINE_AFTER_MS = 5000;

export interface SiteContactsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly views: Views;
  /** Set where several hubs share the store: which of them are there. */
  readonly presence?: HubPresence;
}

/**
 * Writes `status.connectivity` of Sites. Only changes are written: an idle site costs the hub no store writes. A hub that
 * was away itself says Unknown of its sites, until it has listened long enough to know that they are Offline. Of several hubs
 * the one that has the link is named in the Site, and speaks of it; where that one is gone, any may say so.
 */
export class SiteContacts {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sites: View<Site>;
  readonly #presence: HubPresence | undefined;
  readonly #isConnected: (site: string) => boolean;
  /** Sites whose link ended a moment ago. */
  readonly #leaving = new Map<string, number>();
  /** This hub stops: that it has no links any more says nothing of the sites. */
  #isOver = false;

  constructor(options: SiteContactsOptions, isConnected: (site: string) => boolean) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#sites = options.views.of(siteResource);
    this.#presence = options.presence;
    this.#isConnected = isConnected;
  }

  /** A site that comes back before it was said to be Offline costs no write: a flapping line stays cheap. */
  async connected(site: string): Promise<void> {
    const known = this.#sites.get(site)?.status?.connectivity;
    if (known?.state === 'Connected' && known.hub === this.#presence?.identity) return;
    await this.#write(site, { state: 'Connected', lastContactTime: timestamp(this.#clock.now()) });
  }

  /** The link of a site has ended: it is Offline once it has stayed away for a while, from this hub and from every other. */
  disconnected(site: string): void {
    const lastContactTime = timestamp(this.#clock.now());
    const leaving = (this.#leaving.get(site) ?? 0) + 1;
    this.#leaving.set(site, leaving);
    this.#clock.after(OFFLINE_AFTER_MS, () => {
      if (this.#isOver || this.#leaving.get(site) !== leaving) return;
      this.#leaving.delete(site);
      if (!this.#isConnected(site) && this.#isOurs(site))
        void this.#write(site, { state: 'Offline', lastContactTime });
    });
  }

  /**
   * Corrects what an earlier hub wrote: first to Unknown, then, for whoever stays away, to Offline. And what this one wrote,
   * where a site came back while it was being written.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#correct('Unknown');
    if (this.#presence === undefined) await pause(this.#clock, SILENCE_MS_MAX, signal);
    while (!signal.aborted) {
      await this.#correct('Offline');
      await pause(this.#clock, SWEEP_INTERVAL_MS, signal);
    }
    this.#isOver = true;
  }

  async #correct(state: 'Unknown' | 'Offline'): Promise<void> {
    for (const site of this.#sites.list()) {
      const { name } = site.metadata;
      if (this.#isConnected(name)) await this.connected(name);
      else if (!this.#leaving.has(name)) {
        const due =
          this.#presence === undefined ? dueAlone(site, state) : this.#dueAmongHubs(site, this.#presence);
        if (due !== undefined) await this.#write(name, { state: due });
      }
    }
  }

  /** What is to be said of a site that has no link here. */
  #dueAmongHubs({ status }: Site, presence: HubPresence): 'Unknown' | 'Offline' | undefined {
    const known = status?.connectivity;
    if (known?.state === 'Connected') {
      if (known.hub === presence.identity) return 'Offline';
      return presence.isPresent(known.hub ?? '') ? undefined : 'Unknown';
    }
    const sinceMs = parseTimestamp(known?.since ?? '') ?? 0;
    const isOver = this.#clock.now() - sinceMs >= SILENCE_MS_MAX;
    return known?.state === 'Unknown' && isOver ? 'Offline' : undefined;
  }

  /** Whether no other hub says that it has the link. */
  #isOurs(site: string): boolean {
    const hub = this.#sites.get(site)?.status?.connectivity?.hub;
    return hub === undefined || hub === this.#presence?.identity || this.#presence === undefined;
  }

  async #write(
    site: string,
    { state, lastContactTime }: { state: SiteConnectivity['state']; lastContactTime?: string },
  ): Promise<void> {
    const object = this.#sites.get(site);
    const known = object?.status?.connectivity;
    const since = known?.state === state ? known.since : timestamp(this.#clock.now());
    const hub = state === 'Connected' ? (this.#presence?.identity ?? null) : null;
    const connectivity = {
      ...{ state, since, ...(lastContactTime === undefined ? {} : { lastContactTime }) },
      ...(hub === null && known?.hub === undefined ? {} : { hub }),
    };
    // Who says that a link is gone says it of what is known here: another hub may have it by now.
    const isGuarded = this.#presence !== undefined && state !== 'Connected' && object !== undefined;
    const guard = isGuarded ? { metadata: { resourceVersion: object.metadata.resourceVersion } } : {};
    try {
      await this.#client.patch(
        siteResource,
        { name: site },
        { patchType: 'merge', patch: { ...guard, status: { connectivity } }, subresource: 'status' },
      );
    } catch (error) {
      if (isGuarded && isStatus(error, 'Conflict')) return;
      if (!isStatus(error, 'NotFound'))
        this.#log.warn('the connectivity of a site was not written', { site, state, error });
    }
  }
}

/** What one hub alone says of a site that has no link: nothing but Unknown until it has listened for a while. */
function dueAlone({ status }: Site, state: 'Unknown' | 'Offline'): 'Unknown' | 'Offline' | undefined {
  const said = status?.connectivity?.state;
  return said === 'Connected' || (said === 'Unknown' && state === 'Offline') ? state : undefined;
}
