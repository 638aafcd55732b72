import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podResource } from '#api/core/pod.ts';
import type { SimulatedMachine } from '#cri/simulated-machine.ts';
import { startSimulatedHost } from '#kubelet/simulated-host.fixture.ts';
import { containerStatusOf, isReady } from '#kubelet/test-host.fixture.ts';
import { randomInteger } from '#system/random.ts';
import { seededRandom } from '#system/simulated-time.ts';

const SEEDS = 3;
const KILLS = 100;

/** Two containers of one pod and name run at once: what must never be. */
function doubles(machine: SimulatedMachine): string[] {
  const running = [...machine.containers.values()].filter(({ state }) => state.type === 'running');
  const names = running.map(({ config, sandbox }) => `${sandbox.pod.uid}/${config.name}`);
  return names.filter((name, index) => names.indexOf(name) !== index);
}

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`an agent killed ${KILLS} times at any moment starts nothing twice and leaves nothing behind (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const { host, clock, machine } = await startSimulatedHost({ seed });
    machine.addImage('nginx:1.28');
    const names = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      const choice = randomInteger(random, 6);
      if (choice < 2) {
        await host.createPod(`pod-${kill}`, {
          initContainers: [{ name: 'init', image: 'nginx:1.28', command: ['true'] }],
        });
        names.add(`pod-${kill}`);
      } else if (choice === 2) {
        const [name] = names;
        if (name !== undefined) await host.deletePod(name, 1);
        if (name !== undefined) names.delete(name);
      } else if (choice === 3) {
        const running = [...machine.containers.values()].filter(({ state }) => state.type === 'running');
        const victim = running[randomInteger(random, Math.max(1, running.length))];
        if (victim !== undefined) machine.crash(victim.id, { exitCode: 1 });
      } else if (choice === 4 && kill % 10 === 0) machine.powerOff();
      await clock.advance(randomInteger(random, 400));
      host.kill();
      assert.deepEqual(doubles(machine), []);
      host.start();
    }
    for (let step = 0; step < 700; step++) {
      await clock.advance(1000);
      assert.deepEqual(doubles(machine), []);
    }
    const { items } = await host.client.list(podResource);
    assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), [...names].toSorted());
    assert.deepEqual(
      items.filter((pod) => !isReady(pod)).map((pod) => JSON.stringify(pod.status)),
      [],
    );
    assert.equal([...machine.sandboxes.values()].filter(({ state }) => state === 'ready').length, names.size);
    for (const pod of items) {
      const attempts = [...machine.containers.values()].filter(
        ({ sandbox, config }) => sandbox.pod.uid === pod.metadata.uid && config.name === 'main',
      );
      assert.equal(
        containerStatusOf(pod)?.restartCount,
        Math.max(...attempts.map(({ config }) => config.attempt)),
      );
    }
    await host.end();
  });
}
