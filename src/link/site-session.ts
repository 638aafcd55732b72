import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import { acceptEntry, RefusedBundleError } from '#link/accept-entry.ts';
import { BundleFetches, type PartialBundles, type WantedBundle } from '#link/bundle-fetches.ts';
import { DesiredIntake } from '#link/desired-intake.ts';
import type { LinkChannel } from '#link/link-channel.ts';
import {
  type DesiredEntry,
  HEARTBEAT_MS,
  type HubMessage,
  type InstanceReport,
  type SiteMessage,
  type SiteReport,
} from '#link/wire.ts';
import type { Clock, Timer } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** Reports are gathered for this long and sent together, in milliseconds. */
const GATHER_MS = 50;

/** How often the site's description of itself is looked over for changes, in milliseconds. */
const DESCRIBE_INTERVAL_MS = 15_000;

export interface SiteSessionOptions {
  readonly site: string;
  /** Public keys (SPKI PEM) whose signatures on bundles are accepted. */
  readonly trustedBundleKeys: readonly string[];
  /** Of the site's own API. */
  readonly client: Client;
  readonly instances: View<ApplicationInstance>;
  readonly describeSite: () => SiteReport;
  readonly channel: LinkChannel<SiteMessage>;
  readonly partialBundles: PartialBundles;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One connection of the site, from the hub's welcome on. */
export class SiteSession {
  readonly fetches: BundleFetches;
  readonly #options: SiteSessionOptions;
  readonly #channel: LinkChannel<SiteMessage>;
  readonly #instances: View<ApplicationInstance>;
  readonly #dirty = new Set<string>();
  readonly #timers = new Set<Timer>();
  #gathering = false;
  #describing = false;
  #described = '';
  readonly #intake: DesiredIntake;

  constructor(options: SiteSessionOptions) {
    const { client, trustedBundleKeys, site, channel } = options;
    this.#options = options;
    this.#channel = channel;
    this.#instances = options.instances;
    this.fetches = new BundleFetches((request) => channel.send(request), options.partialBundles);
    const fetch = (wanted: WantedBundle): Promise<Uint8Array> => this.fetches.fetch(wanted);
    this.#intake = new DesiredIntake({
      ...options,
      accept: (entry) => acceptEntry(entry, { client, trustedBundleKeys, site, fetch }),
      onGone: (entry) => this.report(`${entry.namespace}/${entry.name}`),
      onRefused: (entry, error) => this.#reportRefusal(entry, error),
    });
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
    this.#intake.close();
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
        return this.#intake.receive(message.entries);
      default:
        throw new Error(`unexpected message "${String((message as { type: unknown }).type)}" from the hub`);
    }
  }

  /** The hub is told why what it wants does not come about; what runs here goes on. */
  #reportRefusal({ namespace, name, state }: DesiredEntry, error: Error): void {
    if (state === 'remove') return;
    const phase = error instanceof RefusedBundleError ? 'Failed' : 'Progressing';
    const known = this.#instances.get(`${namespace}/${name}`)?.status;
    const status = { ...known, phase, reason: 'NotAccepted', message: error.message } as const;
    this.#send({ type: 'report', instances: [{ state: 'present', namespace, name, status }] });
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
