import { namespaceResource } from '#api/core/namespace.ts';
import { siteResource } from '#api/fleet/site.ts';
import { StatusError } from '#api/status.ts';
import { between, happens, oneByWeight, oneOf, waiting } from '#simulation/chance.ts';
import { HUB_ACTIONS } from '#simulation/load/hub-actions.ts';
import { NAMESPACE } from '#simulation/load/manifests.ts';
import { SITE_ACTIONS } from '#simulation/load/site-actions.ts';
import { ProcessDiedError } from '#simulation/process-life.ts';
import type { World } from '#simulation/world.ts';
import { must } from '#system/assert.ts';
import { pause } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

/** Mean time between two bursts of actions, in milliseconds, and the most actions of one. */
const BURST_MEAN_MS = 4 * 60_000;
const BURST_ACTIONS_MAX = 4;

/** What is there before anything goes wrong: sites, a namespace, a first application. */
export async function settle(world: World, random: Random): Promise<void> {
  const { client } = must(world.hub.running, 'the hub runs at the start');
  for (const { name } of world.sites) {
    await client.create(siteResource, {
      apiVersion: 'fleet.skerry.io/v1alpha1',
      kind: 'Site',
      metadata: { name, labels: { tier: oneOf(random, ['edge', 'core']) } },
      spec: {},
    });
  }
  await client.create(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
    spec: {},
  });
  await act(world, random, must(HUB_ACTIONS[0], 'the first action creates an application'));
}

/** People act, in bursts, until `signal` aborts. What an API refuses, and what dies under their hands, they leave at that. */
export async function runUsers(world: World, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(world.clock, waiting(random, BURST_MEAN_MS), signal);
    for (let left = between(random, 1, BURST_ACTIONS_MAX); left > 0 && !signal.aborted; left--) {
      const actions = happens(random, 65) ? HUB_ACTIONS : SITE_ACTIONS;
      await act(world, random, oneByWeight(random, actions));
      await pause(world.clock, between(random, 0, 3000), signal);
    }
  }
}

async function act(world: World, random: Random, action: (typeof HUB_ACTIONS)[number]): Promise<void> {
  try {
    const done = await action.act(world, random);
    if (done !== undefined) world.transcript.add(done.where, `user   ${done.text}`);
  } catch (error) {
    if (error instanceof ProcessDiedError)
      world.transcript.add('world', `user   ${action.name}: no answer, the process died`);
    else if (error instanceof StatusError && error.reason !== 'InternalError')
      world.transcript.add('world', `user   ${action.name}: refused, ${error.reason}`);
    else world.broken('no-bugs-logged', `${action.name}: ${String(error)}`);
  }
}
