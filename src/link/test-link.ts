import { SITES_GROUP } from '#apiserver/authorization/site-authorizer.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { HubLink } from '#link/hub-link.ts';
import { HubPresence } from '#link/hub-presence.ts';
import { siteUserName } from '#link/site-identity.ts';
import { SiteLink } from '#link/site-link.ts';
import type { SiteReport } from '#link/wire.ts';
import { type BundleSigner, bundleKeyFromSeed, createBundleSigner } from '#pki/bundle-signature.ts';
import type { Store } from '#store/store.ts';
import { must } from '#system/assert.ts';
import { silentLog } from '#system/log.ts';
import type { Connection, Network, PeerCertificate } from '#system/network.ts';
import { type SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** One end of a connection in memory, with what a test may do to it. */
interface End extends Connection {
  deliver(bytes: Uint8Array): void;
  finish(error?: Error): void;
}

function createEnd(certificate: PeerCertificate | undefined, peer: () => End): End {
  const arrived: Uint8Array[] = [];
  const state: { ended: boolean; error?: Error; wake?: () => void } = { ended: false };
  const wake = (): void => state.wake?.();
  return {
    peer: { address: 'memory', ...(certificate === undefined ? {} : { certificate }) },
    incoming: (async function* () {
      while (true) {
        const next = arrived.shift();
        if (next !== undefined) yield next;
        else if (state.error !== undefined) throw state.error;
        else if (state.ended) return;
        else await new Promise<void>((resolve) => (state.wake = resolve));
      }
    })(),
    write(bytes) {
      if (state.ended) return Promise.reject(new Error('the connection is closed'));
      peer().deliver(bytes.slice());
      return Promise.resolve();
    },
    deliver(bytes) {
      if (!state.ended) arrived.push(bytes);
      wake();
    },
    // What was written before is lost with it, as with a socket that is destroyed.
    close() {
      if (state.ended) return;
      this.finish();
      peer().finish();
    },
    finish(error) {
      arrived.length = 0;
      state.ended = true;
      if (error !== undefined) state.error = error;
      wake();
    },
  };
}

/** The two ends of a connection; what one end says of the other is who holds that. */
export function connectionPair(certificate?: PeerCertificate): { hub: End; site: End } {
  const ends: { hub?: End; site?: End } = {};
  const hub = createEnd(certificate, () => must(ends.site, 'both ends are made'));
  const site = createEnd(undefined, () => must(ends.hub, 'both ends are made'));
  ends.hub = hub;
  ends.site = site;
  return { hub, site };
}

/** The certificate of a site. */
export function certificateOf(site: string): PeerCertificate {
  return { commonName: siteUserName(site), organizations: [SITES_GROUP], serial: '1' };
}

/** The signer of the hub in tests, whom sites trust. */
export const TEST_SIGNER: BundleSigner = createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(7)));

export interface TestHub {
  readonly server: TestServer;
  readonly link: HubLink;
  stop(): Promise<void>;
}

export async function startTestHub(
  clock: SimulatedClock,
  { epoch = 1, store, identity }: { epoch?: number; store?: Store; identity?: string } = {},
): Promise<TestHub> {
  const held: { link?: HubLink } = {};
  const server = await startTestServer({
    clock,
    ...(store === undefined ? {} : { store }),
    prepare({ client, views }) {
      const log = silentLog;
      const presence =
        identity === undefined ? {} : { presence: new HubPresence({ identity, client, views, clock, log }) };
      held.link = new HubLink({ client, views, clock, random: seededRandom(1), log, epoch, ...presence });
    },
  });
  const link = must(held.link, 'made before the views run');
  const stop = new AbortController();
  const running = link.run(stop.signal);
  return {
    server,
    link,
    async stop() {
      stop.abort();
      await Promise.all([running, clock.advance(1000)]);
      await server.stop();
    },
  };
}

export interface TestSite {
  readonly server: TestServer;
  readonly link: SiteLink;
  /** The connections that it opened, the newest last. */
  readonly connections: readonly { hub: Connection; site: Connection }[];
  stop(): Promise<void>;
}

export interface TestSiteOptions {
  readonly name: string;
  readonly clock: SimulatedClock;
  /** The hub that answers now; undefined while none does. */
  readonly hub: () => HubLink | undefined;
  readonly trustedBundleKeys?: readonly string[];
  readonly describe?: () => SiteReport;
  /** What an earlier run of the site has left. */
  readonly store?: Store;
  /** Who the certificate says that it is. */
  readonly certificate?: PeerCertificate;
}

export async function startTestSite(options: TestSiteOptions): Promise<TestSite> {
  const { name, clock } = options;
  const connections: { hub: Connection; site: Connection }[] = [];
  const network: Network = {
    async connect() {
      const hub = options.hub();
      if (hub === undefined) throw new Error('connection refused');
      const pair = connectionPair(options.certificate ?? certificateOf(name));
      connections.push(pair);
      void hub.accept(pair.hub);
      return pair.site;
    },
  };
  const held: { link?: SiteLink } = {};
  const server = await startTestServer({
    clock,
    ...(options.store === undefined ? {} : { store: options.store }),
    prepare: ({ client, views }) => {
      held.link = new SiteLink({
        site: name,
        software: '1.0.0',
        hub: 'hub:443',
        tls: { authority: 'PEM' },
        trustedBundleKeys: options.trustedBundleKeys ?? [TEST_SIGNER.publicKey],
        client,
        views,
        describeSite: options.describe ?? (() => ({ versions: { skerry: '1.0.0' } })),
        network,
        clock,
        random: seededRandom(2),
        log: silentLog,
      });
    },
  });
  const link = must(held.link, 'made before the views run');
  const stop = new AbortController();
  const running = link.run(stop.signal);
  return {
    server,
    link,
    connections,
    async stop() {
      stop.abort();
      await Promise.all([running, clock.advance(1000)]);
      await server.stop();
    },
  };
}
