import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Container, RuntimeUnavailableError, type Sandbox } from '#cri/runtime.ts';
import { NODE_ANNOTATION } from '#kubelet/annotations.ts';
import { containerOf, exited, sandboxOf } from '#kubelet/pod-facts.fixture.ts';
import { RuntimeObserver } from '#kubelet/runtime-observer.ts';
import { sleep } from '#system/clock.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const LISTING_MS = 50;

interface Bench {
  readonly clock: SimulatedClock;
  readonly observer: RuntimeObserver;
  readonly listings: number[];
  readonly changes: string[];
  state: { sandboxes: Sandbox[]; containers: Container[]; isAnswering: boolean; isBusy: boolean };
  stop(): void;
}

function startObserver(): Bench {
  const clock = new SimulatedClock();
  const listings: number[] = [];
  const changes: string[] = [];
  const own = { ...sandboxOf(0), annotations: { [NODE_ANNOTATION]: 'host-1' } };
  const state = { sandboxes: [own], containers: [containerOf()], isAnswering: true, isBusy: false };
  const runtime = {
    version: async () => ({ runtimeName: 'r', runtimeVersion: '1' }),
    listSandboxes: async () => {
      if (!state.isAnswering) throw new RuntimeUnavailableError('nothing answers');
      listings.push(clock.monotonic());
      const listed = state.sandboxes;
      await sleep(clock, LISTING_MS);
      return listed;
    },
    listContainers: async () => state.containers,
  } as never;
  const observer = new RuntimeObserver({
    runtime,
    clock,
    log: silentLog,
    nodeName: 'host-1',
    onChange: (uid) => changes.push(uid),
    onAvailability: () => changes.push(observer.availability.type),
    isBusy: () => state.isBusy,
  });
  const stop = new AbortController();
  void observer.run(stop.signal);
  return { clock, observer, listings, changes, state, stop: () => stop.abort() };
}

test('the runtime is listed every two seconds, every second while something is in motion', async () => {
  const { clock, listings, state, stop } = startObserver();
  await clock.advance(5000);
  assert.deepEqual(listings, [0, 2050, 4100]);
  state.isBusy = true;
  await clock.advance(4000);
  assert.deepEqual(listings.slice(3), [6150, 7200, 8250]);
  stop();
});

test('a container that has just started is looked at more often', async () => {
  const { clock, listings, state, stop } = startObserver();
  state.containers = [containerOf({ state: { type: 'running', startedMs: clock.now() } })];
  await clock.advance(1000);
  assert.deepEqual(listings, [0, 150, 300, 450, 625, 844]);
  clock.setWall(clock.now() - 86_400_000);
  await clock.advance(10_000);
  assert.equal(listings.filter((atMs) => atMs > 2000).length, 4);
  stop();
});

test('a pod that has changed is told of, and no other', async () => {
  const { clock, changes, state, stop } = startObserver();
  const other = {
    ...state.sandboxes[0],
    id: 'other',
    pod: { name: 'b', namespace: 'default', uid: 'u2' },
  } as Sandbox;
  state.sandboxes = [...state.sandboxes, other];
  await clock.advance(3000);
  assert.deepEqual(changes, ['u1', 'u2', 'available']);
  state.containers = [containerOf({ state: exited(1) })];
  await clock.advance(3000);
  assert.deepEqual(changes.slice(3), ['u1']);
  stop();
});

test('a pod whose operation has ended is current only after a listing that began after that', async () => {
  const { clock, observer, listings, stop } = startObserver();
  await clock.advance(2060);
  assert.equal(observer.isCurrent('u1'), true);
  observer.expire('u1');
  assert.equal(observer.isCurrent('u1'), false, 'the listing under way may have missed it');
  await clock.advance(50);
  assert.deepEqual(listings, [0, 2050]);
  assert.equal(observer.isCurrent('u1'), false);
  await clock.advance(80);
  assert.deepEqual(listings, [0, 2050, 2120]);
  assert.equal(observer.isCurrent('u1'), true);
  stop();
});

test('while the runtime does not answer, no pod is current, and what was last seen stays', async () => {
  const { clock, observer, state, changes, stop } = startObserver();
  await clock.advance(1000);
  state.isAnswering = false;
  await clock.advance(5000);
  assert.equal(observer.isCurrent('u1'), false);
  assert.equal(observer.of('u1').containers.length, 1);
  state.isAnswering = true;
  await clock.advance(5000);
  assert.equal(observer.isCurrent('u1'), true);
  assert.deepEqual(
    changes.filter((change) => change !== 'u1'),
    ['available', 'unavailable', 'available'],
  );
  stop();
});
