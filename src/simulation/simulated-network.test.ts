import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessLife } from '#simulation/process-life.ts';
import { SimulatedNetwork } from '#simulation/simulated-network.ts';
import { must } from '#system/assert.ts';
import type { Connection } from '#system/network.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const options = {
  protocol: 'test',
  tls: { authority: '' },
  timeoutMs: 10_000,
  signal: new AbortController().signal,
};

/** A network with one site; what the hub accepted, and what came of a dial. */
function bed() {
  const clock = new SimulatedClock();
  const network = new SimulatedNetwork(['north'], { clock, random: seededRandom(1) });
  const accepted: Connection[] = [];
  const [hubLife, siteLife] = [new ProcessLife(clock), new ProcessLife(clock)];
  network.listener = { life: hubLife, accept: (connection) => void accepted.push(connection) };
  const dial = async (): Promise<Connection | Error> => {
    let outcome: Connection | Error | undefined;
    network
      .of('north', siteLife)
      .connect('hub:6443', options)
      .then(
        (connection) => (outcome = connection),
        (error: Error) => (outcome = error),
      );
    await clock.advanceUntil(() => outcome !== undefined, 60_000);
    return must(outcome, 'the dial has ended');
  };
  const connected = async (): Promise<[Connection, Connection]> => {
    const connection = await dial();
    assert.ok(!(connection instanceof Error));
    return [connection, must(accepted.at(-1), 'the hub has accepted')];
  };
  return { clock, network, hubLife, siteLife, dial, connected };
}

/** What arrives at an end, as it comes. */
function reading(connection: Connection): { text: string; end: string | undefined } {
  const read = { text: '', end: undefined as string | undefined };
  const run = async (): Promise<void> => {
    for await (const piece of connection.incoming) read.text += Buffer.from(piece).toString();
  };
  run().then(
    () => (read.end = 'quiet'),
    (error: Error) => (read.end = error.message),
  );
  return read;
}

describe('the simulated network', () => {
  it('names the site to the hub by its certificate', async () => {
    const [, hub] = await bed().connected();
    assert.deepEqual(hub.peer.certificate, {
      commonName: 'skerry:site:north',
      organizations: ['skerry:sites'],
      serial: '01',
    });
  });

  it('delivers bytes whole and in order, however they are sliced', async () => {
    const { clock, connected } = bed();
    const [site, hub] = await connected();
    const read = reading(hub);
    const words = Array.from({ length: 50 }, (_, index) => `word ${index}, `);
    for (const word of words) await site.write(Buffer.from(word));
    await clock.advance(1000);
    assert.equal(read.text, words.join(''));
  });

  it('holds bytes back while a direction is cut, and delivers them when it is mended', async () => {
    const { clock, network, connected } = bed();
    const [site, hub] = await connected();
    const [atHub, atSite] = [reading(hub), reading(site)];
    network.wire('north').cut('toHub');
    await site.write(Buffer.from('up'));
    await hub.write(Buffer.from('down'));
    await clock.advance(60_000);
    assert.deepEqual([atHub.text, atSite.text], ['', 'down']);
    network.wire('north').mend('toHub');
    await clock.advance(5000);
    assert.equal(atHub.text, 'up');
  });

  it('lets a dial time out over a cut wire', async () => {
    const { network, dial } = bed();
    network.wire('north').cut('toHub');
    assert.match(String(await dial()), /no answer from the hub within 10000 ms/u);
  });

  it('refuses a dial while nothing listens', async () => {
    const { network, dial } = bed();
    network.listener = undefined;
    assert.match(String(await dial()), /ECONNREFUSED/u);
  });

  it('breaks both ends at a reset', async () => {
    const { clock, network, connected } = bed();
    const ends = (await connected()).map(reading);
    network.reset('north');
    await clock.advance(100);
    assert.deepEqual(
      ends.map(({ end }) => end),
      ['ECONNRESET', 'ECONNRESET'],
    );
  });

  it('tells the peer of a process that died, but not of one that lost its power', async () => {
    for (const silently of [false, true]) {
      const { clock, network, siteLife, connected } = bed();
      const [, hub] = await connected();
      const atHub = reading(hub);
      siteLife.kill();
      network.processDied(siteLife, { silently });
      await clock.advance(60_000);
      assert.equal(atHub.end, silently ? undefined : 'ECONNRESET');
    }
  });

  it('ends the other end quietly where one closes', async () => {
    const { clock, connected } = bed();
    const [site, hub] = await connected();
    const atHub = reading(hub);
    site.close();
    await clock.advance(1000);
    assert.equal(atHub.end, 'quiet');
    await assert.rejects(hub.write(Buffer.from('late')), /closed/u);
  });
});
