import { type ApiResponse, textResponse } from '#apiserver/request.ts';
import type { Store } from '#store/store.ts';

/** One thing that must work for the server to be well; rejects where it does not. */
interface HealthCheck {
  readonly name: string;
  readonly run: (store: Store) => Promise<unknown>;
}

/** A key that no object has: reading it shows that the store answers. */
const PROBE_KEY = '/health';

const PING: HealthCheck = { name: 'ping', run: () => Promise.resolve() };
const LOG: HealthCheck = { name: 'log', run: () => Promise.resolve() };
/** As upstream calls its store. */
const STORE: HealthCheck = { name: 'etcd', run: (store) => store.get(PROBE_KEY) };
/** As upstream calls it: whether the store takes writes, beside answering reads. */
const ROOM: HealthCheck = { name: 'etcd-readiness', run: async (store) => await store.assertHasRoom?.() };

/** Whether the store answers, and takes writes. */
export const STORE_CHECKS: readonly HealthCheck[] = [STORE, ROOM];

/** What each endpoint asks: the process is only restarted for what a restart may mend. */
const CHECKS: ReadonlyMap<string, readonly HealthCheck[]> = new Map([
  ['healthz', [PING, LOG, STORE]],
  ['livez', [PING, LOG]],
  ['readyz', [PING, LOG, ...STORE_CHECKS]],
]);

/**
 * The answer to `/healthz`, `/livez`, `/readyz` and `/readyz/CHECK`, with `?verbose` and `?exclude=CHECK`, in Kubernetes' words
 * (API health endpoints); undefined where the path is none of them. 500 where a check fails; why, only the log says.
 */
export async function healthResponse(
  path: string,
  query: URLSearchParams,
  store: Store,
): Promise<ApiResponse | undefined> {
  const [, endpoint = '', name = '', ...rest] = path.split('/');
  const all = CHECKS.get(endpoint);
  if (all === undefined || rest.length > 0) return undefined;
  const checks = name === '' ? all : all.filter((check) => check.name === name);
  if (checks.length === 0) return undefined;
  const excluded = new Set(query.getAll('exclude'));
  const outcomes = await Promise.all(checks.map((check) => outcomeOf(check, { excluded, store })));
  const failed = outcomes.some(({ ok }) => !ok);
  if (!failed && (name !== '' || !query.has('verbose'))) return textResponse(200, 'ok');
  const lines = outcomes.map(({ line }) => `${line}\n`).join('');
  return textResponse(failed ? 500 : 200, `${lines}${endpoint} check ${failed ? 'failed' : 'passed'}\n`);
}

async function outcomeOf(
  { name, run }: HealthCheck,
  { excluded, store }: { excluded: ReadonlySet<string>; store: Store },
): Promise<{ ok: boolean; line: string }> {
  if (excluded.has(name)) return { ok: true, line: `[+]${name} excluded: ok` };
  try {
    await run(store);
    return { ok: true, line: `[+]${name} ok` };
  } catch {
    // Anybody may ask; only whoever reads the log is told why.
    return { ok: false, line: `[-]${name} failed: reason withheld` };
  }
}
