import { badRequest, StatusError } from '#api/status.ts';
import { countOf, quoted } from '#apiserver/query-parameters.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { type Entry, RevisionExpiredError, RevisionFutureError } from '#store/store.ts';

/** The largest `limit` that is taken as asked, in objects; a larger one is lowered to this. */
const LIMIT_MAX = 100_000;

/** Where to start reading, and as of when. */
export function startOf(
  context: RestContext,
  {
    query,
    token,
    limit,
    prefix,
  }: {
    query: URLSearchParams;
    token: ContinueToken | undefined;
    limit: number | undefined;
    prefix: string;
  },
): { revision?: number; startAfter?: string } {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (token !== undefined) {
    if (version !== '' && version !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    if (!token.k.startsWith(prefix) || token.r > context.store.revision)
      throw badRequest('continue key is not valid: it belongs to another list');
    return { startAfter: token.k, ...(token.r === NOW ? {} : { revision: token.r }) };
  }
  const revision = parseResourceVersion(version);
  if (revision === undefined) return {};
  // As in Kubernetes, a page without a match is of exactly that revision.
  if (revision > 0 && (match === 'Exact' || (match === '' && limit !== undefined))) return { revision };
  assertReached(context, query);
  return { revision: context.store.revision };
}

/**
 * The revision of a read that takes any state from `resourceVersion` on ("0": any at all): what is here is served, and nobody
 * is asked whether there is something newer. Undefined for a read of now, and where what is here is older.
 */
export function revisionAtHand({ store }: RestContext, query: URLSearchParams): number | undefined {
  const least = parseResourceVersion(query.get('resourceVersion') ?? '');
  return least !== undefined && least <= store.revision ? store.revision : undefined;
}

/** The entry of `key` as of a revision that is here; now, where that is undefined. */
export async function entryAsOf(
  store: RestContext['store'],
  key: string,
  revision: number | undefined,
): Promise<Entry | undefined> {
  if (revision === undefined) return await store.get(key);
  const { entries } = await store.list(key, { revision, limit: 1 });
  return entries[0]?.key === key ? entries[0] : undefined;
}

/**
 * A revision that is not here yet may have been told by another process on the same store: any read of now makes the store
 * learn of it. What is still unknown after that lies in the future.
 */
export async function learnUpTo({ store }: RestContext, revision: number): Promise<void> {
  if (revision > store.revision) await store.count('/none/');
}

/** Refuses a `resourceVersion` of the future: what is served now is older than what the client has seen. */
export function assertReached({ store }: RestContext, query: URLSearchParams): void {
  const revision = parseResourceVersion(query.get('resourceVersion') ?? '') ?? 0;
  if (revision <= store.revision) return;
  throw new StatusError(
    'Timeout',
    `Timeout: Too large resource version: ${revision}, current: ${store.revision}`,
    {
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    },
  );
}

/** A resourceVersion of a query: undefined where empty. Throws 400 where it is no revision. */
export function parseResourceVersion(text: string): number | undefined {
  if (text === '') return undefined;
  const revision = /^\d{1,16}$/u.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(revision))
    throw badRequest(`resourceVersion: Invalid value: ${quoted(text)}: must be a number`);
  return revision;
}

/** Runs a read and says 410 Expired where the revision it names is gone: with a `continue` where it went on with a list. */
export async function withGoneErrors<T>(reading: () => Promise<T>, token?: ContinueToken): Promise<T> {
  try {
    return await reading();
  } catch (cause) {
    if (cause instanceof RevisionExpiredError) throw expired(cause, token);
    if (cause instanceof RevisionFutureError)
      throw new StatusError('Timeout', `Timeout: Too large resource version: ${cause.message}`, { cause });
    throw cause;
  }
}

/** As Kubernetes: whoever was in the middle of a list may have the rest as it is now. */
function expired(cause: RevisionExpiredError, token: ContinueToken | undefined): StatusError {
  if (token === undefined)
    return new StatusError('Expired', 'The resourceVersion for the provided request is too old.', { cause });
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
  return new StatusError('Expired', message, { cause, continue: encodeToken({ r: NOW, k: token.k }) });
}

/** The `limit` of a query, at most {@link LIMIT_MAX}; undefined where there is none. Throws 400 on what is no count. */
export function limitOf(query: URLSearchParams): number | undefined {
  const limit = countOf(query, 'limit') ?? 0;
  return limit === 0 ? undefined : Math.min(limit, LIMIT_MAX);
}

/** The revision of a continue token that goes on with whatever there is by then. */
const NOW = 0;

/** Where a limited list goes on: the revision it is read at, or {@link NOW}, and the last key it returned. */
export interface ContinueToken {
  readonly r: number;
  readonly k: string;
}

/** The `continue` of a list that goes on there: not signed, for it shows only what its bearer may list anyway. */
export function encodeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** The `continue` of a query; undefined where there is none. Throws 400 on what is none of ours. */
export function continueTokenOf(query: URLSearchParams): ContinueToken | undefined {
  const text = query.get('continue');
  if (text === null || text === '') return undefined;
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Partial<ContinueToken>;
    if (Number.isSafeInteger(token.r) && typeof token.k === 'string') return token as ContinueToken;
  } catch (cause) {
    throw badRequest('continue key is not valid', cause);
  }
  throw badRequest('continue key is not valid');
}
