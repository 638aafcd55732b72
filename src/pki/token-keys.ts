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

/** A key with its public half; its id is the hash of that. */
export interface TokenKey {
  readonly id: string;
  readonly createdMs: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** One key, kept nowhere: for an API server whose tokens need not outlive its process. */
export function createTokenKeys(): TokenKeys {
  const late: { key?: TokenKey } = {};
  // Made when it is first needed: most simulated sites never are asked for a token.
  const key = (): TokenKey => (late.key ??= newKey(0));
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
  let keys: readonly TokenKey[] = await readTokenKeys(disk, folder);
  let verifying: ReadonlyMap<string, KeyObject> = new Map();
  const refresh = async (): Promise<void> => {
    const wanted = rotatedKeys(keys, clock.now());
    for (const key of wanted) {
      const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' });
      if (!keys.includes(key)) await disk.write(path(folder, key), pem, { mode: 0o600 });
    }
    for (const key of keys) if (!wanted.includes(key)) await disk.remove(path(folder, key));
    keys = wanted;
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

/** The keys in a folder, newest first; none where there is no folder. */
export async function readTokenKeys(disk: Disk, folder: string): Promise<TokenKey[]> {
  const keys: TokenKey[] = [];
  for (const name of await disk.list(folder)) {
    const createdMs = Number(/^token-(\d+)\.key$/u.exec(name)?.[1] ?? Number.NaN);
    const content = Number.isNaN(createdMs) ? undefined : await disk.read(`${folder}/${name}`);
    if (content !== undefined) keys.push(tokenKeyOf(Buffer.from(content), createdMs));
  }
  return keys.toSorted((a, b) => b.createdMs - a.createdMs);
}

/**
 * The keys (newest first) that are to be there at `nowMs`: a new one where the newest has signed long enough, without those whose
 * tokens have all expired.
 */
export function rotatedKeys(keys: readonly TokenKey[], nowMs: number): readonly TokenKey[] {
  const [newest] = keys;
  const isDue = newest === undefined || nowMs - newest.createdMs > TOKEN_KEY_SIGNS_MS;
  return (isDue ? [newKey(nowMs), ...keys] : keys).filter(
    ({ createdMs }, index) => index === 0 || nowMs - createdMs <= TOKEN_KEY_SIGNS_MS + TOKEN_KEY_VERIFIES_MS,
  );
}

function path(folder: string, { createdMs }: TokenKey): string {
  return `${folder}/token-${createdMs}.key`;
}

function newKey(createdMs: number): TokenKey {
  return withId(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, createdMs);
}

/** A key of its private half, PKCS #8 in PEM. */
export function tokenKeyOf(pem: string | Buffer, createdMs: number): TokenKey {
  return withId(createPrivateKey(pem), createdMs);
}

/** A key's id is the hash of its public half, as upstream's are. */
function withId(privateKey: KeyObject, createdMs: number): TokenKey {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const id = createHash('sha256').update(der).digest('base64url');
  return { id, createdMs, privateKey, publicKey };
}
