import type { Route } from '#apiserver/api-server.ts';
import type { Sink } from '#apiserver/request.ts';
import { BackupEncoder, type BackupHeader } from '#store/backup-format.ts';
import type { Store } from '#store/store.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import { SOFTWARE_VERSION } from '#system/version.ts';

/** Where the store's content is read. Only who may `get` this path may read it: nobody but `system:masters` by itself. */
export const BACKUP_PATH = '/skerry/v1/backup';

/** Entries read at a time. */
const PAGE_ENTRIES_MAX = 500;

/** Bytes that wait for a slow reader before the next page is read. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;

/** `GET /skerry/v1/backup`: all objects as they were at one revision, as the lines of a backup, while everything goes on. */
export function backupRoute(options: {
  readonly store: Store;
  readonly role: BackupHeader['role'];
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
}): Route {
  return {
    path: BACKUP_PATH,
    anonymous: false,
    async handle() {
      const { store, role, name, clock, log } = options;
      // A list is of now: what any other process has acknowledged is in it.
      const { revision } = await store.list('/', { limit: 1 });
      const header = {
        ...{ role, name, createdAt: timestamp(clock.now()), software: SOFTWARE_VERSION },
        ...{ epoch: store.epoch, revision },
      };
      const start = (sink: Sink): void => {
        send(store, header, sink).catch((error: unknown) => {
          // The reader sees that the end is missing.
          log.warn('a backup was cut off', { error });
          sink.destroy();
        });
      };
      return {
        status: 200,
        headers: { 'content-type': 'application/x-ndjson' },
        body: { type: 'stream', start },
      };
    },
  };
}

async function send(store: Store, header: BackupHeader, sink: Sink): Promise<void> {
  const encoder = new BackupEncoder();
  sink.write(encoder.header(header));
  const { revision } = header;
  let startAfter: string | undefined;
  do {
    const position = startAfter === undefined ? {} : { startAfter };
    const page = await store.list('', { revision, limit: PAGE_ENTRIES_MAX, ...position });
    for (const entry of page.entries) sink.write(encoder.entry(entry));
    startAfter = page.remaining > 0 ? page.entries.at(-1)?.key : undefined;
    while (sink.bufferedBytes > BUFFERED_BYTES_MAX && !sink.closed.aborted) await sink.drained();
    if (sink.closed.aborted) return;
  } while (startAfter !== undefined);
  sink.write(encoder.end());
  sink.end();
}
