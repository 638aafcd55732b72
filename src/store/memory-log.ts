import type { Entry } from '#store/store.ts';

/** One operation that took effect. */
export interface LoggedChange {
  readonly key: string;
  readonly deleted: boolean;
  /** The new value; for a delete the last state, as watchers see it. */
  readonly value: Uint8Array;
}

export interface LoggedCommit {
  readonly revision: number;
  readonly changes: readonly LoggedChange[];
}

/** Everything a memory store keeps: the state at one revision, and each commit since. */
export interface LogContent {
  readonly epoch: number;
  /** The compacted revision. */
  readonly compacted: number;
  /** The entries as they were at `compacted`, in any order. */
  readonly entries: readonly Entry[];
  /** Each commit after `compacted`, oldest first. */
  readonly commits: readonly LoggedCommit[];
}

/**
 * Where a memory store makes its commits durable; it survives the store. A simulation wraps it to delay an append, to
 * lose one, or to acknowledge one before it is kept. Each method takes effect wholly or rejects; a rejection is told to
 * the committers as a StoreUnavailableError, and the store goes on.
 */
export interface DurableLog {
  /** What is kept; undefined where nothing was ever written. */
  read(): Promise<LogContent | undefined>;
  /** Keeps further commits. A commit is acknowledged when this resolves; the store appends once at a time. */
  append(commits: readonly LoggedCommit[]): Promise<void>;
  /** Replaces everything: at the first opening, when the epoch rises, and at compaction. */
  replace(content: LogContent): Promise<void>;
}

/** A log in memory, as durable as the object itself. */
export function createMemoryLog(): DurableLog {
  let base: Omit<LogContent, 'commits'> | undefined;
  let kept: LoggedCommit[] = [];
  return {
    read: () => Promise.resolve(base === undefined ? undefined : { ...base, commits: [...kept] }),
    append(commits) {
      kept.push(...commits);
      return Promise.resolve();
    },
    replace({ commits, ...rest }) {
      base = rest;
      kept = [...commits];
      return Promise.resolve();
    },
  };
}
