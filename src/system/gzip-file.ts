import { createReadStream, createWriteStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { splitLines } from '#system/split-lines.ts';

/** Compressed bytes on their way into a file, which appears whole or not at all. */
export interface GzipOutput {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes it durable under its name. */
  commit(): Promise<void>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}

/** Compressed files of lines: the real ones, or standard input and output for `-`. */
export interface GzipFiles {
  /** The file is for its owner only. */
  create(path: string): Promise<GzipOutput>;
  /** The lines without their ends, each in memory of its own. Throws where the file is not whole. */
  lines(path: string): AsyncIterable<Uint8Array>;
}

export const realGzipFiles: GzipFiles = {
  create: (path) => Promise.resolve(path === '-' ? toStandardOutput() : toFile(path)),
  lines: (path) => linesOf(path === '-' ? process.stdin : createReadStream(path)),
};

function toFile(path: string): GzipOutput {
  const temporary = `${path}.${process.pid}.partial`;
  const target = createWriteStream(temporary, { mode: 0o600, flags: 'wx' });
  const pipe = compressInto(target);
  return {
    write: pipe.write,
    async commit() {
      await pipe.finish();
      const file = await fs.open(temporary, 'r+');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(temporary, path);
      const folder = await fs.open(dirname(path), 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
    async abandon() {
      target.destroy();
      await fs.rm(temporary, { force: true });
    },
  };
}

function toStandardOutput(): GzipOutput {
  const pipe = compressInto(process.stdout);
  return { write: pipe.write, commit: pipe.finish, abandon: () => Promise.resolve() };
}

function compressInto(target: Writable): { write: GzipOutput['write']; finish: () => Promise<void> } {
  const gzip = createGzip();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  for (const stream of [gzip, target]) stream.on('error', failed.reject);
  gzip.pipe(target, { end: target !== process.stdout });
  const finished = new Promise<void>((resolve) => {
    if (target === process.stdout) gzip.on('end', () => process.stdout.write('', () => resolve()));
    else target.on('close', () => resolve());
  });
  return {
    async write(bytes) {
      if (gzip.write(bytes)) return await Promise.race([Promise.resolve(), failed.promise]);
      await Promise.race([
        new Promise<void>((resolve) => gzip.once('drain', () => resolve())),
        failed.promise,
      ]);
    },
    async finish() {
      gzip.end();
      await Promise.race([finished, failed.promise]);
    },
  };
}

function linesOf(source: Readable): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  return splitLines(gunzip);
}
