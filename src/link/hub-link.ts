import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import { readFrames } from '#link/frames.ts';
import type { HubPresence } from '#link/hub-presence.ts';
import { HubSession } from '#link/hub-session.ts';
import { LinkChannel } from '#link/link-channel.ts';
import { SiteContacts } from '#link/site-contacts.ts';
import { siteOfCertificate } from '#link/site-identity.ts';
import {
  GREETING_MS_MAX,
  HEARTBEAT_MS,
  type HubMessage,
  type SiteMessage,
  WIRE_VERSION,
} from '#link/wire.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Connection } from '#system/network.ts';
import type { Random } from '#system/random.ts';

export interface HubLinkOptions {
  readonly client: Client;
  readonly views: Views;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The epoch of the hub's store: every message of desired state carries it. */
  readonly epoch: number;
  /** Set where several hubs share the store: who this one is among them, and which are there. */
  readonly presence?: HubPresence;
}

/**
 * The hub's end of all links. It hands each site its desired state as digests, serves bundles by range, and writes what
 * sites report into the status of their ApplicationInstances and Sites. One connection a site: a newer one closes the older.
 */
export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #instances: View<ApplicationInstance>;
  readonly #sessions = new Map<string, HubSession>();
  /** Keys of ApplicationInstances by site, so that a change costs only the site it concerns. */
  readonly #instancesBySite = new Map<string, Set<string>>();
  readonly #contacts: SiteContacts;

  /** To be made before the views run. */
  constructor(options: HubLinkOptions) {
    this.#options = options;
    this.#instances = options.views.of(applicationInstanceResource);
    this.#contacts = new SiteContacts(options, (site) => this.#sessions.has(site));
    this.#instances.subscribe(({ key, object, previous }) => {
      const site = (object ?? previous)?.spec.site;
      if (site === undefined) return;
      this.#index(site, { key, present: object !== undefined });
      if (object !== undefined) this.#sessions.get(site)?.desire(key);
    });
    options.views.of(siteResource).subscribe(({ key, object, previous }) => {
      if (object === undefined || object.spec.blocked === true)
        this.#sessions.get(key)?.end('the site was blocked or deleted');
      else if (this.#wentElsewhere(object, previous))
        this.#sessions.get(key)?.end('the site opened a newer link at another hub');
    });
  }

  /** Sites that are connected now. */
  get connectedSites(): ReadonlySet<string> {
    return new Set(this.#sessions.keys());
  }

  /** Keeps the connectivity of sites honest until `signal` aborts, then ends all links. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.#options.views.synced && !signal.aborted) await pause(this.#options.clock, 20, signal);
    await Promise.all([this.#contacts.run(signal), this.#options.presence?.run(signal)]);
    for (const session of this.#sessions.values()) session.end('the hub stops');
  }

  /** Serves one connection to its end. Never rejects. */
  async accept(connection: Connection): Promise<void> {
    const { clock, log } = this.#options;
    const channel = new LinkChannel<HubMessage>(connection, clock);
    const greeting = clock.after(GREETING_MS_MAX, () => channel.close());
    let session: HubSession | undefined;
    let isRefused = false;
    try {
      for await (const frame of readFrames(connection)) {
        // The site reads why, and closes; whoever does not is closed when his time for greeting is over.
        if (isRefused) continue;
        channel.heard();
        if (frame.type !== 'message') throw new Error('a site sends no blobs');
        const message = frame.value as SiteMessage;
        if (session !== undefined) await session.receive(message);
        else {
          session = await this.#greet(message, { connection, channel });
          isRefused = session === undefined;
          if (session === undefined) continue;
          greeting.cancel();
          await this.#begin(session, channel);
        }
      }
    } catch (error) {
      log.info('a link broke off', { peer: connection.peer.address, site: session?.site, error });
    } finally {
      greeting.cancel();
      channel.close();
      if (session !== undefined) this.#left(session);
    }
  }

  async #greet(
    message: SiteMessage,
    { connection, channel }: { connection: Connection; channel: LinkChannel<HubMessage> },
  ): Promise<HubSession | undefined> {
    if (message.type !== 'hello') throw new Error(`a link begins with hello, got "${String(message.type)}"`);
    const refusal = await this.#refusalOf(message, siteOfCertificate(connection.peer.certificate));
    if (refusal !== undefined) {
      this.#options.log.warn('a site was refused', {
        site: message.site,
        peer: connection.peer.address,
        reason: refusal.reason,
      });
      await channel.send(refusal);
      return undefined;
    }
    const { site, software } = message;
    this.#options.log.info('a site connected', { site, peer: connection.peer.address, software });
    return new HubSession({ ...this.#options, site, channel, instances: this.#instances });
  }

  async #begin(session: HubSession, channel: LinkChannel<HubMessage>): Promise<void> {
    const { site } = session;
    this.#sessions.get(site)?.end('the site opened a newer link');
    this.#sessions.set(site, session);
    await channel.send({
      type: 'welcome',
      version: WIRE_VERSION,
      epoch: this.#options.epoch,
      heartbeatMs: HEARTBEAT_MS,
    });
    for (const key of this.#instancesBySite.get(site) ?? []) session.desire(key);
    await this.#contacts.connected(site);
  }

  async #refusalOf(
    hello: Extract<SiteMessage, { type: 'hello' }>,
    identity: string | undefined,
  ): Promise<Extract<HubMessage, { type: 'refused' }> | undefined> {
    const refuse = (reason: 'identity' | 'version' | 'unknownSite' | 'blocked', text: string) => ({
      type: 'refused' as const,
      reason,
      message: text,
    });
    if (identity === undefined || identity !== hello.site) {
      return refuse(
        'identity',
        `the certificate names ${identity === undefined ? 'no site' : `site "${identity}"`}, the greeting site "${hello.site}"`,
      );
    }
    if (hello.version !== WIRE_VERSION && hello.version !== WIRE_VERSION - 1) {
      return refuse(
        'version',
        `the site speaks version ${hello.version} of the link, the hub ${WIRE_VERSION}: upgrade the older of the two`,
      );
    }
    const site = await this.#options.client.find(siteResource, { name: hello.site });
    if (site === undefined)
      return refuse('unknownSite', `the hub has no site "${hello.site}": join again with a new token`);
    if (site.spec.blocked === true) return refuse('blocked', `site "${hello.site}" is blocked at the hub`);
    return undefined;
  }

  /** Whether another hub has just said that it has the link of this site. */
  #wentElsewhere({ status }: Site, previous: Site | undefined): boolean {
    const hub = status?.connectivity?.hub;
    const before = previous?.status?.connectivity?.hub;
    return hub !== undefined && hub !== before && hub !== this.#options.presence?.identity;
  }

  #left(session: HubSession): void {
    if (this.#sessions.get(session.site) !== session) return;
    this.#sessions.delete(session.site);
    this.#options.log.info('a site disconnected', { site: session.site });
    this.#contacts.disconnected(session.site);
  }

  #index(site: string, { key, present }: { key: string; present: boolean }): void {
    const keys = this.#instancesBySite.get(site) ?? new Set<string>();
    if (present) keys.add(key);
    else keys.delete(key);
    if (keys.size === 0) this.#instancesBySite.delete(site);
    else this.#instancesBySite.set(site, keys);
  }
}
