import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is kept back of the disk, in bytes: room for some thousand deletions and their compaction. */
const RESERVE_BYTES = 8 * 1024 * 1024;

/** It is kept back only where so many times its size is free: it must not itself fill a disk. */
const FREE_FACTOR = 4;

/** A disk with less space left than this is full, in bytes: what one checkpoint of the write-ahead log may need. */
const ROOM_BYTES_MIN = 4 * 1024 * 1024;

/**
 * Space beside a database that is given up where the disk is full, so that deletions and compaction, which make room, still have
 * some. What fails here only means that there is no reserve.
 */
export interface DiskReserve {
  /** Keeps space back, where there is enough. */
  hold(): void;
  /** Gives it up. */
  release(): void;
  /** Whether the disk has some space beside it; true where that cannot be told. */
  hasRoom(): boolean;
}

/** No reserve: for a database that has no file. */
export const NO_RESERVE: DiskReserve = {
  hold: () => undefined,
  release: () => undefined,
  hasRoom: () => true,
};

/** The reserve in the file at `path`. */
export function createDiskReserve(path: string): DiskReserve {
  return {
    hold() {
      try {
        if (sizeOf(path) >= RESERVE_BYTES) return;
        const { bavail, bsize } = statfsSync(dirname(path));
        if (bavail * bsize >= RESERVE_BYTES * FREE_FACTOR) fill(path);
      } catch {
        rmSync(path, { force: true });
      }
    },
    release: () => rmSync(path, { force: true }),
    hasRoom() {
      try {
        const { bavail, bsize } = statfsSync(dirname(path));
        return bavail * bsize >= ROOM_BYTES_MIN;
      } catch {
        return true;
      }
    },
  };
}

function fill(path: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    const zeros = Buffer.alloc(1024 * 1024);
    for (let written = 0; written < RESERVE_BYTES; written += zeros.length) writeSync(file, zeros);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
