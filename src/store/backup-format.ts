import { createHash } from 'node:crypto';
import type { Entry } from '#store/store.ts';

/**
 * A backup as lines of JSON: a header, one line an entry or file, and an end that counts them and has the SHA-256 of every
 * line before it. A backup is whole where its end is right.
 */

/** The version of the lines. A newer one is refused. */
export const BACKUP_FORMAT = 1;

export interface BackupHeader {
  readonly role: 'hub' | 'site';
  readonly name: string;
  /** RFC 3339, when it was begun. */
  readonly createdAt: string;
  readonly software: string;
  /** The store's epoch and the revision at which the entries are exact. */
  readonly epoch: number;
  readonly revision: number;
}

/** A file of the data folder, by its path in it. */
export interface BackupFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

export type BackupItem =
  | { readonly type: 'header'; readonly header: BackupHeader }
  | { readonly type: 'entry'; readonly entry: Entry }
  | { readonly type: 'file'; readonly file: BackupFile }
  | { readonly type: 'end'; readonly entries: number; readonly files: number };

/** What is wrong with a backup, in one sentence. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** Writes the lines of one backup in order. */
export class BackupEncoder {
  readonly #hash = createHash('sha256');
  #entries = 0;
  #files = 0;

  header(header: BackupHeader): Uint8Array {
    return this.#line({ skerry: 'backup', format: BACKUP_FORMAT, ...header });
  }

  entry({ key, value, revision }: Entry): Uint8Array {
    this.#entries += 1;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const text = bytes.toString('utf8');
    const isText = Buffer.from(text, 'utf8').equals(bytes);
    return this.#line({ k: key, r: revision, ...(isText ? { v: text } : { b: bytes.toString('base64') }) });
  }

  file({ path, mode, content }: BackupFile): Uint8Array {
    this.#files += 1;
    return this.#line({ f: path, m: mode, b: Buffer.from(content).toString('base64') });
  }

  end(): Uint8Array {
    const sha256 = this.#hash.copy().digest('hex');
    return this.#line({ end: { entries: this.#entries, files: this.#files }, sha256 });
  }

  #line(content: object): Uint8Array {
    const line = Buffer.from(`${JSON.stringify(content)}\n`, 'utf8');
    this.#hash.update(line);
    return line;
  }
}

/**
 * Reads the lines (without their ends) of one backup, and checks it as it goes: only what follows the end can be trusted to be
 * whole. Throws {@link BackupError} where it is not.
 */
export async function* decodeBackup(
  lines: AsyncIterable<Uint8Array>,
): AsyncGenerator<BackupItem, void, undefined> {
  const hash = createHash('sha256');
  const counts = { entries: 0, files: 0 };
  let state: 'begin' | 'within' | 'ended' = 'begin';
  for await (const line of lines) {
    if (state === 'ended') throw new BackupError('something follows its end');
    const item = itemOf(line, hash.copy().digest('hex'));
    if ((item.type === 'header') !== (state === 'begin')) throw new BackupError('it is no backup of Skerry');
    hash.update(line).update('\n');
    state = 'within';
    if (item.type === 'entry') counts.entries += 1;
    if (item.type === 'file') counts.files += 1;
    if (item.type === 'end') {
      if (item.entries !== counts.entries || item.files !== counts.files)
        throw new BackupError('it lacks a part of what it says it has');
      state = 'ended';
    }
    yield item;
  }
  if (state === 'begin') throw new BackupError('it is empty');
  if (state === 'within') throw new BackupError('its end is missing');
}

function itemOf(line: Uint8Array, sha256: string): BackupItem {
  const fields = parsed(line);
  if ('skerry' in fields) return { type: 'header', header: headerOf(fields) };
  if ('end' in fields) {
    const { end, sha256: said } = fields as { end: { entries: number; files: number }; sha256: unknown };
    if (said !== sha256) throw new BackupError('its checksum is wrong');
    return { type: 'end', entries: end.entries, files: end.files };
  }
  const { k: key, r: revision, v: text, b: base64, f: path, m: mode } = fields as Record<string, unknown>;
  const content =
    typeof text === 'string'
      ? Buffer.from(text, 'utf8')
      : typeof base64 === 'string'
        ? Buffer.from(base64, 'base64')
        : undefined;
  if (content !== undefined && typeof key === 'string' && typeof revision === 'number')
    return { type: 'entry', entry: { key, value: content, revision } };
  if (content !== undefined && typeof path === 'string' && typeof mode === 'number')
    return { type: 'file', file: { path, mode, content } };
  throw new BackupError('one of its lines cannot be read');
}

function parsed(line: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below, alike for all that is no line of a backup.
  }
  throw new BackupError('one of its lines cannot be read');
}

function headerOf(fields: object): BackupHeader {
  const { skerry, format, role, name, createdAt, software, epoch, revision } = fields as Record<
    string,
    unknown
  >;
  const isOurs =
    skerry === 'backup' &&
    (role === 'hub' || role === 'site') &&
    [name, createdAt, software].every((value) => typeof value === 'string') &&
    [format, epoch, revision].every((value) => Number.isSafeInteger(value));
  if (!isOurs) throw new BackupError('it is no backup of Skerry');
  if ((format as number) > BACKUP_FORMAT)
    throw new BackupError(`it was made by a newer Skerry (${String(software)}): restore it with that`);
  return { role, name, createdAt, software, epoch, revision } as BackupHeader;
}
