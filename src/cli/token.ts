import { joinTokenResource } from '#api/fleet/join-token.ts';
import type { Client } from '#client/client.ts';
import { certificateHash, createJoinSecret, encodeJoinTicket, joinSecretHash } from '#pki/join-token.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import { type Random, randomSuffix } from '#system/random.ts';

export interface TokenOptions {
  /** The only site that may join with it; any where absent. */
  readonly site?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly lifetimeMs: number;
  readonly usesMax: number;
  /** `host:port` of the hub, as hosts reach it. */
  readonly hub: string;
  /** The hub's authority, PEM. */
  readonly authority: string;
}

/** Makes a JoinToken at the hub and returns the text that a host joins with. The hub keeps only the secret's hash. */
export async function createToken(
  client: Client,
  options: TokenOptions,
  { clock, random }: { clock: Clock; random: Random },
): Promise<string> {
  const secret = createJoinSecret(random);
  await client.create(joinTokenResource, {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'JoinToken',
    metadata: { name: `token-${randomSuffix(random, 10)}` },
    spec: {
      ...(options.site === undefined ? {} : { site: options.site }),
      expiresAt: timestamp(clock.now() + options.lifetimeMs),
      usesMax: options.usesMax,
      tokenHash: joinSecretHash(secret),
      ...(Object.keys(options.labels).length === 0 ? {} : { siteLabels: { ...options.labels } }),
    },
  });
  return encodeJoinTicket({ hub: options.hub, authorityHash: certificateHash(options.authority), secret });
}
