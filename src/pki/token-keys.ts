import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { TokenSigningKey } from '#pki/json-web-token.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';

/** A signing key signs for this long, in milliseconds; then the next one does. */
export const TOKEN_KEY_SIGNS_MS = 90 * 24 * 3600_000;

/** A key that signs no more verifies for this long, in milliseconds: the life of the longest token. */
export const TOKEN_KEY_VERIFIES_MS = 365 * 24 * 3600_000;

/** How often a running process looks whether a key's time is over, in milliseconds. */
const LOOK_MS = 3600_000;

/** The keys by which an API server signs service account tokens, and by which it knows them again. */
export interface TokenKeys {
  /** The key that signs now. */
  readonly signing: TokenSigningKey;
  /** Public keys by id: the one that signs, and those that signed before and still verify. */
  readonly verifying: ReadonlyMap<string, KeyObject>;
  /** Changes keys in time until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Key {
  readonly id: string;
  readonly createdMs: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** One key, kept nowhere: for an API server whose tokens need not outlive its process. */
export function createTokenKeys(): TokenKeys {
  const late: { key?: Key } = {};
  // Made when it is first needed: most simulated sites never are asked for a token.
  const key = (): Key => (late.key ??= newKey(0));
  return {
    get signing() {
      return key();
    },
    get verifying() {
      return new Map([[key().id, key().publicKey]]);
    },
    run: () => Promise.resolve(),
  };
}

/**
 * The keys in `folder`, with mode 0600: the first is made at the first call, a new one whenever the last has signed for
 * {@link TOKEN_KEY_SIGNS_MS}. A replaced key verifies for {@link TOKEN_KEY_VERIFIES_MS} more, then it is removed.
 */
export async function openTokenKeys(
  disk: Disk,
  { folder, clock }: { folder: string; clock: Clock },
): Promise<TokenKeys> {
  const keys = await readKeys(disk, folder);
  let verifying: ReadonlyMap<string, KeyObject> = new Map();
  const refresh = async (): Promise<void> => {
    await rotate(keys, { disk, folder, nowMs: clock.now() });
    verifying = new Map(keys.map(({ id, publicKey }) => [id, publicKey]));
  };
  await refresh();
  return {
    get signing() {
      const [newest] = keys;
      if (newest === undefined) throw new Error('the signing keys were opened with at least one');
      return newest;
    },
    get verifying() {
      return verifying;
    },
    async run(signal) {
      while (!signal.aborted) {
        await pause(clock, LOOK_MS, signal);
        if (!signal.aborted) await refresh();
      }
    },
  };
}

/** Newest first. */
async function readKeys(disk: Disk, folder: string): Promise<Key[]> {
  const keys: Key[] = [];
  for (const name of await disk.list(folder)) {
    const createdMs = Number(/^token-(\d+)\.key$/u.exec(name)?.[1] ?? Number.NaN);
    const content = Number.isNaN(createdMs) ? undefined : await disk.read(`${folder}/${name}`);
    if (content !== undefined) keys.push(keyOf(createPrivateKey(Buffer.from(content)), createdMs));
  }
  return keys.toSorted((a, b) => b.createdMs - a.createdMs);
}

/** Adds a key where the newest is too old, drops those whose tokens have all expired. */
async function rotate(
  keys: Key[],
  { disk, folder, nowMs }: { disk: Disk; folder: string; nowMs: number },
): Promise<void> {
  const [newest] = keys;
  if (newest === undefined || nowMs - newest.createdMs > TOKEN_KEY_SIGNS_MS) {
    const key = newKey(nowMs);
    const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' });
    await disk.write(path(folder, key), pem, { mode: 0o600 });
    keys.unshift(key);
  }
  while (true) {
    const oldest = keys.at(-1);
    if (oldest === undefined || nowMs - oldest.createdMs <= TOKEN_KEY_SIGNS_MS + TOKEN_KEY_VERIFIES_MS)
      return;
    if (keys.length === 1) return;
    await disk.remove(path(folder, oldest));
    keys.pop();
  }
}

function path(folder: string, { createdMs }: Key): string {
  return `${folder}/token-${createdMs}.key`;
}

function newKey(createdMs: number): Key {
  return keyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, createdMs);
}

/** A key's id is the hash of its public half, as upstream's are. */
function keyOf(privateKey: KeyObject, createdMs: number): Key {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const id = createHash('sha256').update(der).digest('base64url');
  return { id, createdMs, privateKey, publicKey };
}
