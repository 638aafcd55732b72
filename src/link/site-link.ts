import { nodeResource } from '#api/core/node.ts';
import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import type { PartialBundles } from '#link/bundle-fetches.ts';
import { readFrames } from '#link/frames.ts';
import { readKnownEpoch, rememberEpoch } from '#link/known-epoch.ts';
import { LinkChannel } from '#link/link-channel.ts';
import { SiteSession } from '#link/site-session.ts';
import {
  GREETING_MS_MAX,
  type HubMessage,
  LINK_PROTOCOL,
  type SiteMessage,
  type SiteReport,
  WIRE_VERSION,
} from '#link/wire.ts';
import { createBackoff } from '#system/backoff.ts';
import { type Clock, pause } from '#system/clock.ts';
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

/** A link that lasted this long was a good one: the next wait is short again, in milliseconds. */
const STEADY_MS = 2000;

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
    const { clock, random, log, views } = this.#options;
    while (!views.synced && !signal.aborted) await pause(clock, 20, signal);
    const backoff = createBackoff(random, { firstMs: REDIAL_FIRST_MS, maxMs: REDIAL_MAX_MS });
    let welcomedMs = Infinity;
    while (!signal.aborted) {
      try {
        await this.#connect(signal, () => {
          welcomedMs = clock.monotonic();
        });
        this.#disconnected('the hub closed the link');
      } catch (error) {
        if (signal.aborted) return;
        const why = error instanceof Error ? error.message : String(error);
        if (this.#state.type !== 'disconnected' || this.#state.why !== why)
          log.info('no link to the hub', { hub: this.#options.hub, why });
        this.#disconnected(why);
      }
      // Where another host takes the place of this one again and again, each comes back ever later.
      if (clock.monotonic() - welcomedMs >= STEADY_MS) backoff.reset();
      welcomedMs = Infinity;
      await pause(clock, backoff.next(), signal);
    }
  }

  #disconnected(why: string): void {
    const sinceMs = this.#state.type === 'disconnected' ? this.#state.sinceMs : this.#options.clock.now();
    this.#state = { type: 'disconnected', sinceMs, why };
  }

  async #connect(signal: AbortSignal, onWelcome: () => void): Promise<void> {
    const { client, network, hub, tls, clock, log, site, software } = this.#options;
    this.#epoch = Math.max(this.#epoch, await readKnownEpoch(client));
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
        if (this.#session !== undefined) throw new Error('the hub said welcome twice');
        this.#session = new SiteSession({
          ...this.#options,
          channel,
          partialBundles: this.#partialBundles,
          instances: this.#instances,
        });
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
