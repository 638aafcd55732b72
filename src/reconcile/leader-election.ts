import { type Lease, leaseResource } from '#api/coordination/lease.ts';
import type { Draft } from '#api/object.ts';
import { isStatus, StatusError } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { CheckOperation, Store } from '#store/store.ts';
import { type Clock, microTimestamp, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import { type Random, randomInteger } from '#system/random.ts';

/** A leader that was not heard of for so long may be replaced, in seconds. */
export const LEASE_SECONDS = 6;

/** A leader that could not renew for so long stops by itself, in milliseconds: before anybody may replace it. */
const RENEW_MS_MAX = 4000;

/** How often a leader renews, and the others look, in milliseconds; a fifth of it is left to chance. */
const RETRY_MS = 1000;

/** So long after a leader was killed another one leads at the latest, where the store answers, in milliseconds. */
export const FAILOVER_MS_MAX = LEASE_SECONDS * 1000 + 2 * RETRY_MS;

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly store: Store;
  /** The Lease that is fought over, in `kube-system`. */
  readonly name: string;
  /** This process, among all that ever were. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** This process leads, since this revision of the fence. */
interface Term {
  readonly fenceRevision: number;
  renewedMs: number;
}

/**
 * Chooses one of several processes by a Lease, as Kubernetes' components do (client-go, "leaderelection"). A Lease alone
 * keeps nobody from writing late: so whoever takes it over also rewrites a fence in the store, and each write of a leader
 * carries a check of the fence that it wrote ({@link LeaderElection.guard}). It leads only once the fence is written.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #fenceKey: string;
  #term: Term | undefined;
  /** What was last seen of the Lease, and when that changed: the holder's clock is not trusted. */
  #seen: { readonly version: string; readonly atMs: number } | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#fenceKey = `/fences/${options.name}`;
  }

  get isLeading(): boolean {
    const { clock } = this.#options;
    return this.#term !== undefined && clock.monotonic() - this.#term.renewedMs < RENEW_MS_MAX;
  }

  /** The check that a write of the leader carries. Throws 503 where this process does not lead. */
  guard(): CheckOperation {
    if (this.#term === undefined || !this.isLeading) {
      throw new StatusError('ServiceUnavailable', `this process does not lead "${this.#options.name}"`);
    }
    const { fenceRevision } = this.#term;
    return {
      type: 'check',
      key: this.#fenceKey,
      precondition: { type: 'revision', revision: fenceRevision },
    };
  }

  /** Resolves while this process leads, or when `signal` aborts. */
  async whenLeading(signal: AbortSignal): Promise<void> {
    while (!this.isLeading && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        signal.addEventListener('abort', done, { once: true });
        this.#waiting.push(done);
      });
    }
  }

  /** Takes part until `signal` aborts, then gives the Lease back, so that the next leader need not wait. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, name } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#turn();
      } catch (error) {
        if (!isStatus(error, 'Conflict') && !isStatus(error, 'AlreadyExists'))
          log.warn('the leader election did not get through', { lease: name, error });
      }
      if (this.#term !== undefined && !this.isLeading) this.#lose('it could not be renewed in time');
      await pause(clock, RETRY_MS + randomInteger(random, RETRY_MS / 5), signal);
    }
    await this.#giveBack();
  }

  async #turn(): Promise<void> {
    const { client, identity, clock } = this.#options;
    const atMs = clock.monotonic();
    const lease = await client.find(leaseResource, this.#name);
    if (lease === undefined) {
      await client.create(leaseResource, this.#draft({ transitions: 0 }));
      return await this.#begin(0, atMs);
    }
    const { holderIdentity = '', leaseTransitions = 0 } = lease.spec;
    if (holderIdentity === identity) {
      await client.update(leaseResource, this.#taken(lease, { transitions: leaseTransitions }));
      if (this.#term === undefined || !this.isLeading) return await this.#begin(leaseTransitions, atMs);
      this.#term.renewedMs = atMs;
      return;
    }
    if (this.#term !== undefined) this.#lose(`"${holderIdentity}" holds the lease`);
    if (!this.#mayTake(lease)) return;
    await client.update(leaseResource, this.#taken(lease, { transitions: leaseTransitions + 1 }));
    await this.#begin(leaseTransitions + 1, atMs);
  }

  #mayTake({ metadata, spec }: Lease): boolean {
    const nowMs = this.#options.clock.monotonic();
    const version = metadata.resourceVersion ?? '';
    if (this.#seen?.version !== version) this.#seen = { version, atMs: nowMs };
    const heldMs = (spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
    return (spec.holderIdentity ?? '') === '' || nowMs - this.#seen.atMs >= heldMs;
  }

  /** Writes the fence of a term: nobody of an earlier one writes any more after it. One of a later term is left alone. */
  async #begin(transitions: number, atMs: number): Promise<void> {
    const { store, log, name, identity } = this.#options;
    const fence = await store.get(this.#fenceKey);
    if (fence !== undefined && termOf(fence.value) > transitions) return;
    const value = Buffer.from(JSON.stringify({ transitions, identity }));
    const precondition =
      fence === undefined
        ? ({ type: 'absent' } as const)
        : ({ type: 'revision', revision: fence.revision } as const);
    const result = await store.commit([{ type: 'put', key: this.#fenceKey, value, precondition }]);
    if (result.type === 'conflict') return;
    this.#term = { fenceRevision: result.revision, renewedMs: atMs };
    if (!this.isLeading) return;
    log.info('this process leads', { lease: name, identity, transitions });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #lose(reason: string): void {
    this.#term = undefined;
    this.#options.log.warn('this process no longer leads', { lease: this.#options.name, reason });
  }

  async #giveBack(): Promise<void> {
    if (this.#term === undefined) return;
    this.#term = undefined;
    const { client, identity, log } = this.#options;
    try {
      const lease = await client.find(leaseResource, this.#name);
      if (lease?.spec.holderIdentity !== identity) return;
      await client.update(leaseResource, { ...lease, spec: { ...lease.spec, holderIdentity: '' } });
    } catch (error) {
      log.warn('the lease was not given back: the next leader has to wait for it', { error });
    }
  }

  get #name(): { namespace: string; name: string } {
    return { namespace: 'kube-system', name: this.#options.name };
  }

  #taken(lease: Lease, { transitions }: { transitions: number }): Lease {
    const { spec } = this.#draft({ transitions });
    const { acquireTime } = lease.spec;
    const isHeld = lease.spec.holderIdentity === this.#options.identity && acquireTime !== undefined;
    return { ...lease, spec: isHeld ? { ...spec, acquireTime } : spec };
  }

  #draft({ transitions }: { transitions: number }): Draft<Lease> {
    const now = microTimestamp(this.#options.clock.now());
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: this.#name,
      spec: {
        holderIdentity: this.#options.identity,
        leaseDurationSeconds: LEASE_SECONDS,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: transitions,
      },
    };
  }
}

function termOf(value: Uint8Array): number {
  const { transitions } = JSON.parse(Buffer.from(value).toString('utf8')) as { transitions?: unknown };
  return typeof transitions === 'number' ? transitions : 0;
}
