import type { ApplicationInstance, ApplicationInstanceStatus } from '#api/fleet/application-instance.ts';
import { applicationInstanceResource, REMOVAL_FINALIZER } from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { type SiteStatus, siteResource } from '#api/fleet/site.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { View } from '#client/view.ts';
import { BundleServing } from '#link/bundle-serving.ts';
import { desiredEntryOf } from '#link/desired-entry.ts';
import type { LinkChannel } from '#link/link-channel.ts';
import {
  type DesiredEntry,
  type HubMessage,
  type InstanceReport,
  type SiteMessage,
  type SiteReport,
} from '#link/wire.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

export interface HubSessionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly epoch: number;
  readonly site: string;
  readonly channel: LinkChannel<HubMessage>;
  readonly instances: View<ApplicationInstance>;
}

/** Changes of desired state are gathered for this long and sent together, in milliseconds. */
const GATHER_MS = 10;

/** How often a conflicting status write is tried again with what is there then. */
const WRITE_ATTEMPTS_MAX = 5;

/** One connected site, at the hub. */
export class HubSession {
  readonly #options: HubSessionOptions;
  readonly #dirty = new Set<string>();
  /** What was last sent of each instance, so that a change that is none for the site costs the link nothing. */
  readonly #sent = new Map<string, string>();
  #gathering = false;
  /** Ends when what was to be sent so far has been: an older state must not overtake a newer one. */
  #sending: Promise<void> = Promise.resolve();
  readonly #serving: BundleServing;

  constructor(options: HubSessionOptions) {
    this.#options = options;
    this.#serving = new BundleServing(options, (error) => this.end('a bundle could not be sent', error));
  }

  get site(): string {
    return this.#options.site;
  }

  /** The instance of this key (perhaps) changed: the site is to be told soon. */
  desire(key: string): void {
    this.#dirty.add(key);
    if (this.#gathering) return;
    this.#gathering = true;
    this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = false;
      this.#sending = this.#sending
        .then(() => this.#sendDesired())
        .catch((error: unknown) => this.end('desired state could not be sent', error));
    });
  }

  end(why: string, error?: unknown): void {
    this.#options.log.info('a link is ended', { site: this.site, why, error });
    this.#options.channel.close();
  }

  /** Acts on a message of the site. Throws on one that no site sends: the link is then cut. */
  async receive(message: SiteMessage): Promise<void> {
    switch (message.type) {
      case 'beat':
        return this.#options.channel.send({ type: 'beat' });
      case 'fetch':
        return this.#serving.request(message);
      case 'report':
        if (message.site !== undefined) await this.#writeSite(message.site);
        for (const report of message.instances) await this.#writeInstance(report);
        return undefined;
      default:
        throw new Error(`unexpected message "${String(message.type)}" from site "${this.site}"`);
    }
  }

  async #sendDesired(): Promise<void> {
    const { client, instances, channel, epoch } = this.#options;
    const entries: DesiredEntry[] = [];
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      const instance = instances.get(key);
      if (instance === undefined) {
        this.#sent.delete(key);
        continue;
      }
      const { name } = instance.spec.revision;
      const revision = await client.find(applicationRevisionResource, {
        namespace: instance.metadata.namespace,
        name,
      });
      const entry = desiredEntryOf(instance, revision);
      const text = JSON.stringify(entry);
      if (entry === undefined || this.#sent.get(key) === text) continue;
      this.#sent.set(key, text);
      entries.push(entry);
    }
    if (entries.length > 0 && !channel.isClosed) await channel.send({ type: 'desired', epoch, entries });
  }

  async #writeInstance(report: InstanceReport): Promise<void> {
    const { client, instances } = this.#options;
    const name = { namespace: report.namespace, name: report.name };
    const known = instances.get(`${report.namespace}/${report.name}`);
    // A site speaks only of its own; what the hub does not know is left to the site (a hub restored from a backup).
    if (known === undefined || known.spec.site !== this.site) return;
    if (report.state === 'removed') {
      if (known.metadata.deletionTimestamp !== undefined) return this.#release(name);
      // Somebody removed at the site what it shall run.
      const key = `${report.namespace}/${report.name}`;
      this.#sent.delete(key);
      this.desire(key);
      return;
    }
    if (isSameStatus(known.status, report.status)) return;
    const lastReportTime = timestamp(this.#options.clock.now());
    const patch = { status: nullAbsent(known.status, { ...report.status, lastReportTime }) };
    await unlessGone(
      client.patch(applicationInstanceResource, name, { patchType: 'merge', patch, subresource: 'status' }),
    );
  }

  /** The site has nothing of the instance any more: it may go. */
  async #release(name: { namespace: string; name: string }): Promise<void> {
    const { client } = this.#options;
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS_MAX; attempt++) {
      const instance = await client.find(applicationInstanceResource, name);
      if (instance === undefined) return;
      const finalizers = (instance.metadata.finalizers ?? []).filter(
        (finalizer) => finalizer !== REMOVAL_FINALIZER,
      );
      const patch = { metadata: { resourceVersion: instance.metadata.resourceVersion, finalizers } };
      try {
        await client.patch(applicationInstanceResource, name, { patchType: 'merge', patch });
        return;
      } catch (error) {
        if (isStatus(error, 'NotFound')) return;
        if (!isStatus(error, 'Conflict')) throw error;
      }
    }
    throw new Error(`instance ${name.namespace}/${name.name} changed too often to be released`);
  }

  async #writeSite(report: SiteReport): Promise<void> {
    const { client, clock } = this.#options;
    const site = await client.find(siteResource, { name: this.site });
    const lastReportTime = timestamp(clock.now());
    if (site === undefined || isSameReport(site.status, report)) return;
    const patch = { status: { ...nullAbsentBelow(site.status, reportedFields(report)), lastReportTime } };
    await unlessGone(
      client.patch(siteResource, { name: this.site }, { patchType: 'merge', patch, subresource: 'status' }),
    );
  }
}

/** A merge patch keeps what it does not name: fields that the new status lacks are named null. */
function nullAbsent(known: object | undefined, next: object): object {
  const absent = Object.keys(known ?? {}).filter((field) => !(field in next));
  return { ...next, ...Object.fromEntries(absent.map((field) => [field, null])) };
}

function isSameStatus(
  known: ApplicationInstanceStatus | undefined,
  reported: ApplicationInstanceStatus,
): boolean {
  if (known === undefined) return false;
  const { lastReportTime: _k, ...before } = known;
  const { lastReportTime: _r, ...after } = reported;
  return equalJson(before as unknown as Json, after as unknown as Json);
}

/** What a site may say of itself: whether it is connected, and what it shall run, is for the hub to say. */
function reportedFields({ hosts, capacity, allocatable, versions, addresses }: SiteReport): SiteReport {
  return Object.fromEntries(
    Object.entries({ hosts, capacity, allocatable, versions, addresses }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as unknown as SiteReport;
}

/** As {@link nullAbsent}, for the fields of each field: amounts of what a site has no more must not stay. */
function nullAbsentBelow(known: SiteStatus | undefined, report: SiteReport): object {
  const before = (known ?? {}) as Record<string, unknown>;
  const isMap = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return Object.fromEntries(
    Object.entries(report).map(([field, value]) => {
      const old = before[field];
      return [field, isMap(value) && isMap(old) ? nullAbsent(old, value) : value];
    }),
  );
}

function isSameReport(known: SiteStatus | undefined, report: SiteReport): boolean {
  return Object.entries(reportedFields(report)).every(([field, value]) =>
    equalJson((known as Record<string, unknown> | undefined)?.[field] as Json, value as Json),
  );
}

async function unlessGone(writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error;
  }
}
