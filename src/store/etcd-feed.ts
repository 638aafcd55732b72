import type { WatchResponse } from '#store/etcd-messages.ts';
import { must } from '#system/assert.ts';
import type { MessageOf } from '#system/protobuf.ts';

/** One change of one of etcd's keys. */
export type EtcdEvent = MessageOf<typeof WatchResponse>['events'][number];

/** All that one transaction of etcd changed. */
export interface EtcdCommit {
  readonly revision: number;
  readonly events: readonly EtcdEvent[];
}

/**
 * Puts the answers of a watch over all keys of an etcd together again: whole commits, each exactly once, in order, without
 * gap. As every revision of etcd changes some key, a revision that does not come is a lost event, whatever lost it:
 * etcd 3.4 loses the deletion at the very revision that it compacts (etcd issue 19179).
 */
export class EtcdFeed {
  /** The last revision that was put together. */
  #revision: number;
  #pending: EtcdEvent[] = [];

  constructor(revision: number) {
    this.#revision = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The commits that an answer completes; `gap` where a revision is missing before one of them, which is not returned. */
  take(answer: MessageOf<typeof WatchResponse>): { commits: EtcdCommit[]; gap: boolean } {
    this.#pending.push(...answer.events);
    if (answer.fragment) return { commits: [], gap: false };
    const events = this.#pending;
    this.#pending = [];
    const commits: EtcdCommit[] = [];
    for (const [revision, changes] of Map.groupBy(events, revisionOf)) {
      if (revision <= this.#revision) continue;
      if (revision !== this.#revision + 1) return { commits, gap: true };
      commits.push({ revision, events: changes });
      this.#revision = revision;
    }
    return { commits, gap: false };
  }

  /** A new watch begins after the last revision; what an answer left unfinished comes again. */
  restart(): void {
    this.#pending = [];
  }
}

function revisionOf({ kv }: EtcdEvent): number {
  return must(kv, 'a key in an event of etcd').modRevision;
}
