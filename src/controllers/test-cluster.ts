import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { eventResource } from '#api/core/event.ts';
import { podResource } from '#api/core/pod.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import type { ApiServer } from '#apiserver/api-server.ts';
import { createControlPlane, ensureNamespaces } from '#apiserver/control-plane.ts';
import type { Client } from '#client/client.ts';
import type { Views } from '#client/views.ts';
import { CustomKinds } from '#controllers/custom-kinds.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import type { Controller } from '#reconcile/controller.ts';
import { startController } from '#reconcile/runner.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** For tests: the real API server in process, on a clock that is moved by hand, with controllers at work on it. */
export interface TestCluster extends AsyncDisposable {
  readonly clock: SimulatedClock;
  readonly client: Client;
  readonly views: Views;
  readonly server: ApiServer;
}

export async function startTestCluster(
  controllers: readonly Controller<never>[],
  {
    roster,
    admission = [],
  }: {
    /** Follows the kinds that definitions add, for controllers that were made with it. */
    readonly roster?: KindRoster;
    readonly admission?: readonly AdmissionPlugin[];
  } = {},
): Promise<TestCluster> {
  const clock = new SimulatedClock();
  const environment = { clock, random: seededRandom(1), log: silentLog };
  const store = await openMemoryStore({ log: createMemoryLog() });
  const { client, views, kinds, server } = createControlPlane({
    ...environment,
    store,
    types: BUILTIN_RESOURCES,
    admission,
  });
  const abort = new AbortController();
  const options = { ...environment, client, views, podType: podResource, eventType: eventResource };
  views.of(podResource);
  const running = controllers.map((controller) => startController(controller, options));
  const custom =
    roster === undefined
      ? undefined
      : new CustomKinds({ kinds, roster, controllers: running, runner: options });
  const work = Promise.all([
    views.run(abort.signal),
    ...running.map((each) => each.run(abort.signal)),
    custom?.run(abort.signal),
  ]);
  await clock.advanceUntil(() => views.synced, 10_000);
  await ensureNamespaces(client, ['default', 'kube-system']);
  return {
    clock,
    client,
    views,
    server,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await clock.advance(60_000);
      await work;
      await store[Symbol.asyncDispose]();
    },
  };
}
