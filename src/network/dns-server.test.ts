import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as packet from 'dns-packet';
import type { Service } from '#api/core/service.ts';
import type { KubeObject } from '#api/object.ts';
import { type DnsOutcome, runDnsServer } from '#network/dns-server.ts';
import { service, testNetwork } from '#network/service-objects.fixture.ts';
import type { ObjectSource } from '#network/service-sources.ts';
import type { Disk } from '#system/disk.ts';
import type { DnsHandler, DnsSockets } from '#system/dns-sockets.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

function source<T extends KubeObject>(
  items: () => T[],
  ready: Promise<void>,
): ObjectSource<T> & { change(): void } {
  const listeners = new Set<() => void>();
  return {
    list: items,
    caughtUp: () => ready,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change: () => listeners.forEach((listener) => listener()),
  };
}

test('the server starts once names are known, waits for its address, follows changes and ends', async () => {
  const clock = new SimulatedClock();
  const ready = Promise.withResolvers<void>();
  const items: Service[] = [service('web', '10.61.1.10')];
  const services = source(() => items, ready.promise);
  const outcomes: DnsOutcome[] = [];
  let handler: DnsHandler | undefined;
  let isBridgeThere = false;
  let closed = 0;
  const sockets: DnsSockets = {
    exchange: () => assert.fail('nothing is asked elsewhere'),
    listen: async ({ address, port, onQuery }) => {
      assert.deepEqual([address, port], ['10.60.1.1', 53]);
      if (!isBridgeThere)
        throw Object.assign(new Error('bind EADDRNOTAVAIL 10.60.1.1:53'), { code: 'EADDRNOTAVAIL' });
      handler = onQuery;
      return { port, [Symbol.asyncDispose]: async () => void (closed += 1) };
    },
  };
  const controller = new AbortController();
  const running = runDnsServer(
    {
      network: testNetwork,
      sources: { services, slices: source(() => [], ready.promise), pods: source(() => [], ready.promise) },
      sockets,
      disk: { read: async () => undefined } as unknown as Disk,
      clock,
      random: seededRandom(1),
      log: silentLog,
      onOutcome: (outcome) => outcomes.push(outcome),
    },
    controller.signal,
  );
  const ask = async (name: string): Promise<packet.Answer[]> => {
    const query = packet.encode({
      type: 'query',
      id: 1,
      questions: [{ name: `${name}.default.svc.cluster.local`, type: 'A' }],
    });
    return packet.decode(Buffer.from((await handler?.(query, 'udp')) ?? [])).answers ?? [];
  };

  await clock.advance(5_000);
  assert.deepEqual(outcomes, []);
  ready.resolve();
  await clock.advance(0);
  assert.deepEqual(outcomes, [{ state: 'unavailable', reason: 'bind EADDRNOTAVAIL 10.60.1.1:53' }]);
  isBridgeThere = true;
  await clock.advance(1_000);
  assert.deepEqual(outcomes.at(-1), { state: 'listening' });
  assert.equal((await ask('web')).length, 1);
  assert.equal((await ask('late')).length, 0);
  items.push(service('late', '10.61.1.11'));
  services.change();
  assert.equal((await ask('late')).length, 1);
  controller.abort();
  await running;
  assert.equal(closed, 1);
});

test('a server that is stopped before its names are known ends', async () => {
  const never = new Promise<void>(() => undefined);
  const controller = new AbortController();
  const running = runDnsServer(
    {
      network: testNetwork,
      sources: {
        services: source(() => [], never),
        slices: source(() => [], never),
        pods: source(() => [], never),
      },
      sockets: { exchange: () => assert.fail(), listen: () => assert.fail() } as DnsSockets,
      disk: {} as Disk,
      clock: new SimulatedClock(),
      random: seededRandom(1),
      log: silentLog,
      onOutcome: () => assert.fail(),
    },
    controller.signal,
  );
  controller.abort();
  await running;
});
