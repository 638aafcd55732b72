import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { collect, text } from '#store/conformance-words.ts';
import type { Store } from '#store/store.ts';

/** How many writers count up at the same time. */
export const WRITERS = 8;

/** The two keys that each commit of a writer changes. */
export function keysOf(writer: number): [key: string, twin: string] {
  return [`/count/${writer}`, `/twin/${writer}`];
}

/** What the writers were told is durable. */
export interface Acknowledged {
  readonly revision: number;
  /** The last count of each writer. */
  readonly counts: ReadonlyMap<number, number>;
  /** How many writers were refused before the end. */
  readonly refused: number;
}

/**
 * Runs the writers on the store at `path` in a process of their own. Calls `after` once with its process id, when they
 * were told of so many commits. Then, as `after` says, kills them, or waits until each was refused and kills them.
 */
export async function writeAndKill(
  path: string,
  options: {
    commits: number;
    after?: (pid: number) => 'kill' | 'wait until refused';
    /** `SKERRY_FAILPOINTS` of the process, which then dies by itself. */
    failpoints?: string;
  },
): Promise<Acknowledged> {
  const program = fileURLToPath(import.meta.resolve('./sqlite-writers.fixture.ts'));
  const env = { ...process.env, SKERRY_FAILPOINTS: options.failpoints ?? '' };
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const exited = once(child, 'exit');
  const counts = new Map<number, number>();
  let [commits, newest, refused] = [0, 0, 0];
  const onLine = (line: string): void => {
    const words = /^(\d+) (\d+) (\d+)$/.exec(line);
    if (words === null) {
      // What was cut off by the kill was not acknowledged as far as anyone can tell.
      refused += line.startsWith('refused ') ? 1 : 0;
      if (refused === WRITERS) child.kill('SIGKILL');
      return;
    }
    const [writer = 0, count = 0, revision = 0] = words.slice(1).map(Number);
    counts.set(writer, count);
    newest = Math.max(newest, revision);
    commits += 1;
    if (commits !== options.commits) return;
    const next = options.after?.(child.pid ?? 0) ?? 'kill';
    if (next === 'kill') child.kill('SIGKILL');
  };
  try {
    for await (const line of createInterface(child.stdout)) onLine(line);
  } finally {
    child.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the writers went on until they were killed');
  return { revision: newest, counts, refused };
}

/** Holds a reopened store against what was acknowledged: nothing lost, nothing half there, no gap in the log. */
export async function checkSurvival(store: Store, { revision, counts }: Acknowledged): Promise<void> {
  assert.ok(store.revision >= revision, `revision ${store.revision}, ${revision} was acknowledged`);
  const { entries } = await store.list('/');
  const found = new Map(entries.map(({ key, value }) => [key, text(value)]));
  for (const [writer, count] of counts) {
    const [key, twin] = keysOf(writer);
    assert.ok(Number(found.get(key)) >= count, `${key} is ${found.get(key)}, ${count} was acknowledged`);
    assert.equal(found.get(twin), found.get(key), 'a commit is whole or not there');
  }
  const oldest = await oldestRevision(store);
  if (oldest === store.revision) return;
  const watch = await collect(store, '/', oldest);
  await watch.reached(store.revision);
  watch.handle.close();
  for (const event of watch.events) {
    const before = Number(text(event.previous) ?? 0);
    assert.equal(
      Number(text(event.value)),
      before + 1,
      `${event.key} at ${event.revision} goes on from ${before}`,
    );
  }
}

async function oldestRevision(store: Store): Promise<number> {
  let expired = 0;
  let readable = store.revision;
  while (readable - expired > 1) {
    const middle = Math.floor((expired + readable) / 2);
    const isReadable = await store.list('/none', { revision: middle }).then(
      () => true,
      () => false,
    );
    if (isReadable) readable = middle;
    else expired = middle;
  }
  return readable;
}
