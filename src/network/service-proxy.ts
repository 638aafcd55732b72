import { type Alarm, createAlarm } from '#network/alarm.ts';
import type { FrontendProblem } from '#network/frontend.ts';
import type { HostNetworkFacts } from '#network/pod-network.ts';
import { ServiceLoader } from '#network/service-loader.ts';
import { currentState, type ServiceSources, sourcesReady, subscribeAll } from '#network/service-sources.ts';
import type { SiteNetwork } from '#network/site-network.ts';
import { createBackoff } from '#system/backoff.ts';
import type { Clock } from '#system/clock.ts';
import { describeError, type Log } from '#system/log.ts';
import type { Processes } from '#system/process.ts';
import type { Random } from '#system/random.ts';

/** How long changes are gathered before the rules follow, in milliseconds. */
export const GATHER_MS = 50;

/** How often the kernel is asked whether it still holds the rules, in milliseconds: a firewall's restart may flush them. */
export const VERIFY_INTERVAL_MS = 30_000;

/** First and longest wait after nft refused the rules, in milliseconds. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 60_000;

/** How the last attempt went: for a condition of the host. */
export type ProxyOutcome =
  | { readonly state: 'loaded'; readonly problems: readonly FrontendProblem[] }
  | { readonly state: 'refused'; readonly reason: string };

export interface ServiceProxyOptions {
  readonly network: SiteNetwork;
  readonly facts: HostNetworkFacts;
  readonly sources: ServiceSources;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called after an attempt that ended otherwise than the one before. */
  readonly onOutcome: (outcome: ProxyOutcome) => void;
}

/**
 * Keeps the host's rules equal to the services until `signal` aborts; then leaves them as they are, so that connections
 * go on without it. Loads nothing before all sources are in: an empty view never empties the rules. A refused load leaves
 * the last rules in force, and is tried again with backoff. Rules that are in the kernel already are taken over untouched.
 */
export async function runServiceProxy(options: ServiceProxyOptions, signal: AbortSignal): Promise<void> {
  const alarm = createAlarm(options.clock, signal);
  const end = subscribeAll(options.sources, () => alarm.within(GATHER_MS));
  try {
    await Promise.race([sourcesReady(options.sources), alarm.aborted]);
    await follow(options, { alarm, signal });
  } finally {
    end();
  }
}

async function follow(
  options: ServiceProxyOptions,
  { alarm, signal }: { alarm: Alarm; signal: AbortSignal },
): Promise<void> {
  const { clock, sources, facts, network, processes, log } = options;
  const backoff = createBackoff(options.random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
  const loader = new ServiceLoader({
    rules: { network, bridgeNetfilter: facts.bridgeNetfilter },
    processes,
    log,
  });
  const tell = outcomeTeller(options);
  let verifyAtMs = clock.monotonic() + VERIFY_INTERVAL_MS;
  while (!signal.aborted) {
    try {
      if (clock.monotonic() >= verifyAtMs) {
        verifyAtMs = clock.monotonic() + VERIFY_INTERVAL_MS;
        await loader.verify();
      }
      const problems = await loader.load(currentState(sources));
      tell({ state: 'loaded', problems });
      backoff.reset();
      alarm.within(Math.max(0, verifyAtMs - clock.monotonic()));
    } catch (error) {
      tell({ state: 'refused', reason: describeError(error) });
      alarm.within(backoff.next());
    }
    await alarm.rung();
  }
}

/** Logs an outcome and passes it on, once for each that differs from the last. */
function outcomeTeller({ log, onOutcome }: ServiceProxyOptions): (outcome: ProxyOutcome) => void {
  let last = '';
  return (outcome) => {
    const text = JSON.stringify(outcome);
    if (text === last) return;
    last = text;
    if (outcome.state === 'refused')
      log.error('service rules not loaded, the last ones stay in force', { ...outcome });
    else for (const problem of outcome.problems) log.warn('not forwarded', { ...problem });
    onOutcome(outcome);
  };
}
