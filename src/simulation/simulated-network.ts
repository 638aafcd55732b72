import { SITES_GROUP } from '#apiserver/authorization/site-authorizer.ts';
import { siteUserName } from '#link/site-identity.ts';
import { BytePipe } from '#simulation/byte-pipe.ts';
import { fork } from '#simulation/chance.ts';
import type { ProcessLife } from '#simulation/process-life.ts';
import { type Direction, Wire } from '#simulation/wire.ts';
import { must } from '#system/assert.ts';
import type { Clock } from '#system/clock.ts';
import type { Connection, Network, Peer } from '#system/network.ts';
import type { Random } from '#system/random.ts';

/** The hub, as the network finds it; undefined while nothing listens there. */
export interface Listener {
  readonly life: ProcessLife;
  readonly accept: (connection: Connection) => void;
}

/** Bytes on their way in one direction at which a sender has to wait. */
const SEND_BUFFER_BYTES = 256 * 1024;

interface End {
  readonly life: ProcessLife;
  readonly incoming: BytePipe;
  isClosed: boolean;
}

interface Pair {
  readonly site: End;
  readonly hub: End;
  readonly wire: Wire;
  readonly name: string;
}

/** Links from sites to the one hub, each over a wire of its own that can be cut, slowed and reset. */
export class SimulatedNetwork {
  readonly wires: ReadonlyMap<string, Wire>;
  /** When bytes of the hub last reached a site, by the monotonic clock. */
  readonly heardHubAtMs = new Map<string, number>();
  listener: Listener | undefined;
  readonly #clock: Clock;
  readonly #pairs = new Set<Pair>();

  constructor(sites: readonly string[], { clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock;
    this.wires = new Map(sites.map((site) => [site, new Wire(clock, fork(random))]));
  }

  wire(site: string): Wire {
    return must(this.wires.get(site), `there is no wire to ${site}`);
  }

  /** What a process of `site` dials with. */
  of(site: string, life: ProcessLife): Network {
    return { connect: (_address, { timeoutMs, signal }) => this.#connect({ site, life, timeoutMs, signal }) };
  }

  /** Breaks every connection of a site at both ends, as a router that forgets them. */
  reset(site: string): void {
    for (const pair of this.#pairs) {
      if (pair.name !== site) continue;
      this.#pairs.delete(pair);
      for (const end of [pair.site, pair.hub]) breakEnd(end, 'ECONNRESET');
    }
  }

  /** A process has died: the kernel of its machine closes its connections; one without power says nothing to anybody. */
  processDied(life: ProcessLife, options: { silently: boolean }): void {
    for (const pair of this.#pairs) {
      const [end, other, direction] =
        pair.site.life === life
          ? ([pair.site, pair.hub, 'toHub'] as const)
          : ([pair.hub, pair.site, 'toSite'] as const);
      if (end.life !== life) continue;
      end.isClosed = true;
      if (options.silently) continue;
      this.#pairs.delete(pair);
      pair.wire.send(direction, 0, () => breakEnd(other, 'ECONNRESET'));
    }
  }

  #connect({
    site,
    life,
    timeoutMs,
    signal,
  }: {
    site: string;
    life: ProcessLife;
    timeoutMs: number;
    signal: AbortSignal;
  }): Promise<Connection> {
    const wire = this.wire(site);
    return new Promise((resolve, reject) => {
      const timer = life.clock.after(timeoutMs, () =>
        reject(new Error(`no answer from the hub within ${timeoutMs} ms`)),
      );
      const fail = (message: string): void => {
        timer.cancel();
        reject(new Error(message));
      };
      signal.addEventListener('abort', () => fail('the dial was given up'), { once: true });
      // There and back, and there again: the handshake.
      wire.send('toHub', 500, () => {
        const { listener } = this;
        if (listener === undefined) return wire.send('toSite', 0, () => fail('connect ECONNREFUSED'));
        return wire.send('toSite', 2000, () => {
          timer.cancel();
          if (life.isDead || listener.life.isDead) return fail('connect ECONNRESET');
          return resolve(this.#open(site, { life, listener, wire }));
        });
      });
    });
  }

  #open(
    site: string,
    { life, listener, wire }: { life: ProcessLife; listener: Listener; wire: Wire },
  ): Connection {
    const end = (of: ProcessLife): End => ({ life: of, incoming: new BytePipe(), isClosed: false });
    const pair: Pair = { site: end(life), hub: end(listener.life), wire, name: site };
    this.#pairs.add(pair);
    const certificate = { commonName: siteUserName(site), organizations: [SITES_GROUP], serial: '01' };
    listener.accept(this.#connection(pair, { direction: 'toSite', peer: { address: site, certificate } }));
    return this.#connection(pair, { direction: 'toHub', peer: { address: 'hub' } });
  }

  /** The end that sends in `direction`. */
  #connection(pair: Pair, { direction, peer }: { direction: Direction; peer: Peer }): Connection {
    const [own, other] = direction === 'toHub' ? [pair.site, pair.hub] : [pair.hub, pair.site];
    const { wire, name } = pair;
    let waitingBytes = 0;
    let roomy: (() => void)[] = [];
    const arrive = (piece: Uint8Array): void => {
      waitingBytes -= piece.length;
      if (waitingBytes < SEND_BUFFER_BYTES) for (const wake of roomy.splice(0)) wake();
      if (other.isClosed) return;
      if (direction === 'toSite') this.heardHubAtMs.set(name, this.#clock.monotonic());
      other.incoming.push(piece);
    };
    return {
      peer,
      incoming: own.incoming,
      write: (bytes) => {
        if (own.life.isDead) return new Promise(() => undefined);
        if (own.isClosed) return Promise.reject(new Error('the connection is closed'));
        waitingBytes += bytes.length;
        for (const slice of wire.slices(bytes)) wire.send(direction, slice.length, () => arrive(slice));
        if (waitingBytes < SEND_BUFFER_BYTES) return Promise.resolve();
        return new Promise((resolve, reject) => {
          roomy.push(() =>
            own.isClosed
              ? reject(new Error('the connection closed while bytes waited to be sent'))
              : resolve(),
          );
        });
      },
      close: () => {
        if (own.isClosed || own.life.isDead) return;
        breakEnd(own, 'the connection was closed');
        for (const wake of roomy) wake();
        roomy = [];
        wire.send(direction, 0, () => {
          other.isClosed = true;
          other.incoming.end();
          this.#pairs.delete(pair);
        });
      },
    };
  }
}

function breakEnd(end: End, why: string): void {
  end.isClosed = true;
  if (!end.life.isDead) end.incoming.breakOff(new Error(why));
}
