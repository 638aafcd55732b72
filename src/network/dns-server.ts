import { type ClusterNames, clusterNames } from '#network/cluster-names.ts';
import { createDnsForwarder } from '#network/dns-forwarder.ts';
import { createDnsResponder } from '#network/dns-responder.ts';
import { currentState, type ServiceSources, sourcesReady, subscribeAll } from '#network/service-sources.ts';
import { rangesOf, type SiteNetwork } from '#network/site-network.ts';
import { createBackoff } from '#system/backoff.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { DnsHandler, DnsListener, DnsSockets } from '#system/dns-sockets.ts';
import { describeError, type Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** The port of DNS. */
export const DNS_PORT = 53;

/** First and longest wait after the address or port could not be had, in milliseconds. */
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 30_000;

/** Whether the site's names can be asked for: for a condition of the host. */
export type DnsOutcome =
  | { readonly state: 'listening' }
  | { readonly state: 'unavailable'; readonly reason: string };

export interface DnsServerOptions {
  readonly network: SiteNetwork;
  readonly sources: ServiceSources;
  readonly sockets: DnsSockets;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onOutcome: (outcome: DnsOutcome) => void;
}

/**
 * The site's DNS server on the bridge's address (so the bridge must be there) until `signal` aborts. It starts once all
 * sources are in: a name is never denied because its object has not been read yet. While the port is taken it tries again.
 */
export async function runDnsServer(options: DnsServerOptions, signal: AbortSignal): Promise<void> {
  const { network, sources, log } = options;
  if (signal.aborted) return;
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  await Promise.race([sourcesReady(sources), aborted]);
  if (signal.aborted) return;
  const names = currentNames(sources);
  const ranges = rangesOf(network);
  const { dnsAddress } = network;
  const responder = createDnsResponder({
    lookup: () => ({ names: names.read(), ranges, dnsAddress }),
    forwarder: createDnsForwarder({ ...options, dnsAddress, signal }),
  });
  try {
    await using listener = await listen(options, { responder, signal });
    if (listener === undefined) return;
    log.info('DNS is answered', { address: dnsAddress, port: DNS_PORT });
    options.onOutcome({ state: 'listening' });
    await aborted;
  } finally {
    names.end();
  }
}

async function listen(
  { sockets, network, clock, random, log, onOutcome }: DnsServerOptions,
  { responder, signal }: { responder: DnsHandler; signal: AbortSignal },
): Promise<DnsListener | undefined> {
  const backoff = createBackoff(random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
  while (!signal.aborted) {
    try {
      return await sockets.listen({ address: network.dnsAddress, port: DNS_PORT, onQuery: responder });
    } catch (error) {
      log.error('DNS cannot be answered: its address or port is not to be had', {
        address: network.dnsAddress,
        error,
      });
      onOutcome({ state: 'unavailable', reason: describeError(error) });
      await pause(clock, backoff.next(), signal);
    }
  }
  return undefined;
}

/** The names as of now, made anew only when they are asked for after a change. */
function currentNames(sources: ServiceSources): { read(): ClusterNames; end(): void } {
  let names: ClusterNames | undefined;
  const end = subscribeAll(sources, () => {
    names = undefined;
  });
  return { read: () => (names ??= clusterNames(currentState(sources))), end };
}
