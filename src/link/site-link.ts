import { nodeResource } from '#api/core/node.ts';
import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import { acceptEntry } from '#link/accept-entry.ts';
import { BundleFetches, type PartialBundles } from '#link/bundle-fetches.ts';
import { readFrames } from '#link/frames.ts';
import { readKnownEpoch, rememberEpoch } from '#link/known-epoch.ts';
import { LinkChannel } from '#link/link-channel.ts';
import {
  type DesiredEntry,
  GREETING_MS_MAX,
  HEARTBEAT_MS,
  type HubMessage,
  type InstanceReport,
  LINK_PROTOCOL,
  type SiteMessage,
  type SiteReport,
  WIRE_VERSION,
} from '#link/wire.ts';
import { createBackoff } from '#system/backoff.ts';
import { type Clock, pause, type Timer } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { ClientTls, Connection, Network } from '#system/network.ts';
import type { Random } from '#system/random.ts';

export interface SiteLinkOptions {
  readonly site: string;
  readonly software: string;
  /** `host:port` of the hub. */
  readonly hub: string;
  readonly tls: ClientTls;
  /** Public keys (SPKI PEM) whose signatures on bundles are accepted. */
  readonly trustedBundleKeys: readonly string[];
  /** Of the site's own API. */
  readonly client: Client;
  readonly views: Views;
  /** What the site says of itself, as of now. */
  readonly describeSite: () => SiteReport;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** First and longest wait before the hub is dialled again, in milliseconds, each jittered: a herd of sites spreads out. */
const REDIAL_FIRST_MS = 500;
const REDIAL_MAX_MS = 30_000;

/** Reports are gathered for this long and sent together, in milliseconds. */
const GATHER_MS = 50;

/** How often the site's description of itself is looked over for changes, in milliseconds. */
const DESCRIBE_INTERVAL_MS = 15_000;

/** Why the site has no link now; for `status` and logs. */
export type LinkState =
  | { readonly type: 'connecting' }
  | { readonly type: 'connected'; readonly sinceMs: number }
  | { readonly type: 'disconnected'; readonly sinceMs: number; readonly why: string };

/**
 * The site's end of the link. It only dials out; while the hub is away it keeps trying, and nothing else at the site takes
 * any notice. What arrives is verified, then written into the site's own API; controllers there do the rest.
 */
export class SiteLink {
  readonly #options: SiteLinkOptions;
  readonly #instances: View<ApplicationInstance>;
  #state: LinkState = { type: 'connecting' };
  /** The highest epoch heard of the hub: a lower one is a hub that went back in time. */
  #epoch = 0;
  #session: SiteSession | undefined;
  readonly #partialBundles: PartialBundles = new Map();

  /** To be made before the views run. */
  constructor(options: SiteLinkOptions) {
    this.#options = options;
    this.#instances = options.views.of(applicationInstanceResource);
    this.#instances.subscribe(({ key, object, previous }) => {
      if (object === undefined || object.status !== previous?.status) this.#session?.report(key);
    });
    options.views.of(nodeResource).subscribe(() => this.#session?.describeSoon());
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Keeps a link to the hub until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, random, log, views } = this.#options;
    while (!views.synced && !signal.aborted) await pause(clock, 20, signal);
    this.#epoch = await readKnownEpoch(client);
    const backoff = createBackoff(random, { firstMs: REDIAL_FIRST_MS, maxMs: REDIAL_MAX_MS });
    while (!signal.aborted) {
      try {
        await this.#connect(signal, () => backoff.reset());
        this.#disconnected('the hub closed the link');
      } catch (error) {
        if (signal.aborted) return;
        const why = error instanceof Error ? error.message : String(error);
        if (this.#state.type !== 'disconnected' || this.#state.why !== why)
          log.info('no link to the hub', { hub: this.#options.hub, why });
        this.#disconnected(why);
      }
      await pause(clock, backoff.next(), signal);
    }
  }

  #disconnected(why: string): void {
    const sinceMs = this.#state.type === 'disconnected' ? this.#state.sinceMs : this.#options.clock.now();
    this.#state = { type: 'disconnected', sinceMs, why };
  }

  async #connect(signal: AbortSignal, onWelcome: () => void): Promise<void> {
    const { network, hub, tls, clock, log, site, software } = this.#options;
    const connection = await network.connect(hub, {
      protocol: LINK_PROTOCOL,
      tls,
      timeoutMs: GREETING_MS_MAX,
      signal,
    });
    const channel = new LinkChannel<SiteMessage>(connection, clock);
    const abort = (): void => channel.close();
    signal.addEventListener('abort', abort, { once: true });
    const greeting = clock.after(GREETING_MS_MAX, abort);
    try {
      await channel.send({ type: 'hello', version: WIRE_VERSION, site, software, epoch: this.#epoch });
      await this.#follow({ connection, channel }, () => {
        greeting.cancel();
        onWelcome();
        this.#state = { type: 'connected', sinceMs: clock.now() };
        log.info('connected to the hub', { hub });
      });
    } finally {
      greeting.cancel();
      signal.removeEventListener('abort', abort);
      this.#session?.close();
      this.#session = undefined;
      channel.close();
    }
  }

  async #follow(
    { connection, channel }: { connection: Connection; channel: LinkChannel<SiteMessage> },
    onWelcome: () => void,
  ): Promise<void> {
    for await (const frame of readFrames(connection)) {
      channel.heard();
      if (frame.type === 'blob') {
        this.#session?.fetches.receive(frame.id, frame.bytes);
        continue;
      }
      const message = frame.value as HubMessage;
      if (message.type === 'refused') throw new Error(`the hub refuses this site: ${message.message}`);
      if (message.type === 'welcome') {
        await this.#assertForward(message.epoch);
        onWelcome();
        this.#session = new SiteSession(
          { ...this.#options, channel, partialBundles: this.#partialBundles },
          this.#instances,
        );
        this.#session.start();
      } else this.#session?.receive(message);
    }
  }

  /** A hub of a lower epoch is an older copy of it that came back: its wishes are not heard. */
  async #assertForward(epoch: number): Promise<void> {
    if (epoch < this.#epoch)
      throw new Error(
        `the hub is of epoch ${epoch}, and epoch ${this.#epoch} was seen: it went back in time`,
      );
    if (epoch === this.#epoch) return;
    await rememberEpoch(this.#options.client, epoch);
    this.#epoch = epoch;
  }
}

/** One connection of the site, from the hub's welcome on. */
class SiteSession {
  readonly fetches: BundleFetches;
  readonly #options: SiteLinkOptions;
  readonly #channel: LinkChannel<SiteMessage>;
  readonly #instances: View<ApplicationInstance>;
  readonly #dirty = new Set<string>();
  readonly #timers = new Set<Timer>();
  #gathering = false;
  #describing = false;
  #described = '';
  /** Entries are taken in one after the other. */
  #accepting: Promise<void> = Promise.resolve();

  constructor(
    options: SiteLinkOptions & { channel: LinkChannel<SiteMessage>; partialBundles: PartialBundles },
    instances: View<ApplicationInstance>,
  ) {
    this.#options = options;
    this.#channel = options.channel;
    this.#instances = instances;
    this.fetches = new BundleFetches((request) => options.channel.send(request), options.partialBundles);
  }

  /** Tells all that the hub may have missed, then keeps the link alive. */
  start(): void {
    for (const instance of this.#instances.list())
      this.report(`${instance.metadata.namespace ?? ''}/${instance.metadata.name}`);
    this.#describe();
    this.#every(HEARTBEAT_MS, () => this.#send({ type: 'beat' }));
    this.#every(DESCRIBE_INTERVAL_MS, () => this.#describe());
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.fetches.close();
  }

  /** The instance of this key changed, or is gone: the hub is to be told soon. */
  report(key: string): void {
    this.#dirty.add(key);
    if (this.#gathering) return;
    this.#gathering = true;
    this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = false;
      this.#sendReports();
    });
  }

  /** What the site says of itself may have changed: the hub is to be told soon. */
  describeSoon(): void {
    if (this.#describing) return;
    this.#describing = true;
    this.#options.clock.after(GATHER_MS, () => {
      this.#describing = false;
      if (!this.#channel.isClosed) this.#describe();
    });
  }

  receive(message: Exclude<HubMessage, { type: 'welcome' | 'refused' }>): void {
    switch (message.type) {
      case 'beat':
        return;
      case 'fetched':
        return this.fetches.finish(message.id);
      case 'missing':
        return this.fetches.fail(message.id, new Error('the hub does not have this bundle'));
      case 'desired':
        this.#accepting = this.#accepting.then(() => this.#accept(message.entries));
        return;
      default:
        throw new Error(`unexpected message "${String((message as { type: unknown }).type)}" from the hub`);
    }
  }

  /** An entry that cannot be taken in is said again by the hub at the next connection; the link is cut so that it comes. */
  async #accept(entries: readonly DesiredEntry[]): Promise<void> {
    const { client, trustedBundleKeys, log } = this.#options;
    for (const entry of entries) {
      try {
        const accepted = await acceptEntry(entry, {
          client,
          trustedBundleKeys,
          site: this.#options.site,
          fetch: (wanted) => this.fetches.fetch(wanted),
        });
        if (accepted === 'gone') this.report(`${entry.namespace}/${entry.name}`);
      } catch (error) {
        log.warn('desired state was not taken in', {
          application: entry.application,
          namespace: entry.namespace,
          error,
        });
        if (!this.#channel.isClosed) this.#channel.close();
        return;
      }
    }
  }

  #sendReports(): void {
    const instances: InstanceReport[] = [];
    for (const key of this.#dirty) {
      const slash = key.indexOf('/');
      const name = { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
      const instance = this.#instances.get(key);
      if (instance === undefined) instances.push({ ...name, state: 'removed' });
      else if (instance.status !== undefined)
        instances.push({ ...name, state: 'present', status: instance.status });
    }
    this.#dirty.clear();
    if (instances.length > 0) this.#send({ type: 'report', instances });
  }

  #describe(): void {
    const site = this.#options.describeSite();
    const text = JSON.stringify(site);
    if (text === this.#described) return;
    this.#described = text;
    this.#send({ type: 'report', instances: [], site });
  }

  #send(message: SiteMessage): void {
    this.#channel.send(message).catch(() => this.#channel.close());
  }

  #every(intervalMs: number, action: () => void): void {
    const timer = this.#options.clock.after(intervalMs, () => {
      this.#timers.delete(timer);
      if (this.#channel.isClosed) return;
      action();
      this.#every(intervalMs, action);
    });
    this.#timers.add(timer);
  }
}
