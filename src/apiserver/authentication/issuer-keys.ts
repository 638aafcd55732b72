import type { TrustedIssuer } from '#apiserver/authentication/authentication-configuration.ts';
import { keyOfJsonWebKey, type TokenPublicKey } from '#pki/json-web-token.ts';
import type { Clock } from '#system/clock.ts';
import type { FetchJson } from '#system/https-json.ts';
import type { Log } from '#system/log.ts';

/** After this time an issuer's keys are fetched anew, in milliseconds; where that fails, the old ones serve on. */
const KEYS_FRESH_MS = 3600_000;

/** An issuer is asked no more often than this, whatever tokens come, in milliseconds. */
const FETCH_GAP_MS = 10_000;

/** Keys of one issuer that are kept; further ones are left out. */
const KEYS_MAX = 256;

/** The public keys of an issuer, as its discovery document leads to them. */
export class IssuerKeys {
  readonly #issuer: TrustedIssuer;
  readonly #options: { readonly fetchJson: FetchJson; readonly clock: Clock; readonly log: Log };
  #keys: ReadonlyMap<string, TokenPublicKey> = new Map();
  #fetchedMs = -Infinity;
  #triedMs = -Infinity;
  #fetching: Promise<void> | undefined;

  constructor(issuer: TrustedIssuer, options: { fetchJson: FetchJson; clock: Clock; log: Log }) {
    this.#issuer = issuer;
    this.#options = options;
  }

  /** The keys that a token with this key id may be signed by: without an id all of them. */
  async candidates(id: string): Promise<readonly TokenPublicKey[]> {
    const nowMs = this.#options.clock.monotonic();
    const isKnown = id === '' ? this.#keys.size > 0 : this.#keys.has(id);
    if (!isKnown) await this.#refresh(nowMs);
    else if (nowMs - this.#fetchedMs > KEYS_FRESH_MS) void this.#refresh(nowMs);
    if (id === '') return [...this.#keys.values()];
    const key = this.#keys.get(id);
    return key === undefined ? [] : [key];
  }

  /** One fetch at a time; never rejects. */
  #refresh(nowMs: number): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (nowMs - this.#triedMs < FETCH_GAP_MS) return Promise.resolve();
    this.#triedMs = nowMs;
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { fetchJson, clock, log } = this.#options;
    const { url, discoveryUrl, certificateAuthority } = this.#issuer;
    const trust = certificateAuthority === undefined ? {} : { authority: certificateAuthority };
    try {
      const document = (await fetchJson(discoveryUrl, trust)) as {
        issuer?: unknown;
        jwks_uri?: unknown;
      } | null;
      if (document?.issuer !== url)
        throw new Error(`the discovery document is of issuer "${String(document?.issuer)}", not of "${url}"`);
      if (typeof document.jwks_uri !== 'string') throw new Error('the discovery document names no jwks_uri');
      const set = (await fetchJson(document.jwks_uri, trust)) as { keys?: unknown } | null;
      if (!Array.isArray(set?.keys)) throw new Error('the key set has no keys');
      const keys = set.keys.slice(0, KEYS_MAX).flatMap((jwk: unknown) => keyOfJsonWebKey(jwk) ?? []);
      this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
      this.#fetchedMs = clock.monotonic();
    } catch (error) {
      log.warn('the keys of an issuer cannot be fetched', { issuer: url, error });
    }
  }
}
