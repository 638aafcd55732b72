import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { run } from './command.ts';
import { eventually } from './eventually.ts';
import { allReady, containersOf } from './pods.ts';
import { losePower } from './power-loss.ts';
import { fetchPage } from './probing.ts';
import { crash, isAlive, ROOT, World } from './world.ts';

/** Every pod of a site is to be ready again within this, in milliseconds. */
const READY_MS_MAX = 30_000;

const POD_COUNT = 10;

describe('a site after a power loss, with no hub', () => {
  let world: World;
  before(async () => {
    world = await World.empty();
    await world.up('--sites', 'north');
  });
  after(() => world[Symbol.asyncDispose]());

  it('brings every pod back by itself', async () => {
    const hub = world.kubectl('hub');
    const north = world.kubectl('north');
    await hub.ok('-n first scale deployment web', `--replicas=${POD_COUNT - 1}`);
    const before = await eventually(
      'all pods run',
      () => containersOf(north),
      (seen) => allReady(seen, POD_COUNT),
      60_000,
    );
    const address = await north.ok('-n first get service web -o jsonpath={.spec.clusterIP}');

    await crash(await world.hubPid());
    await losePower(world.site('north'));
    await assert.rejects(fetchPage(address));

    const startMs = performance.now();
    const log = openSync(`${world.site('north')}/site.log`, 'a');
    const child = spawn(
      process.execPath,
      [`${ROOT}/src/main.ts`, 'site', '--data', world.site('north'), '--images', `${ROOT}/.cache/images`],
      { detached: true, stdio: ['ignore', log, log] },
    );
    child.unref();
    const after = await eventually(
      'every pod is ready again',
      async () => {
        const listed = await north.try(['-n first get pods -o name'], { withinMs: 10_000 });
        return listed.code === 0 ? containersOf(north) : [];
      },
      (seen) =>
        allReady(seen, POD_COUNT) &&
        seen.every(({ containerId }) => !before.some((old) => old.containerId === containerId)),
      60_000,
    );
    const seconds = (performance.now() - startMs) / 1000;
    console.log(
      `# ${POD_COUNT} pods were ready ${seconds.toFixed(1)} s after the power came back, without the hub`,
    );
    assert.ok(seconds * 1000 < READY_MS_MAX, `it took ${seconds.toFixed(1)} s`);
    assert.deepEqual(
      after.map(({ pod }) => pod),
      before.map(({ pod }) => pod),
      'the same pods, not new ones',
    );
    assert.deepEqual([...new Set(after.map(({ restarts }) => restarts))], [1]);
    assert.match(await fetchPage(address), /Hello from the edge/u);
    assert.match(
      await north.ok('-n first exec deployment/redis -- redis-cli -h redis.first.svc.cluster.local ping'),
      /PONG/u,
    );
    assert.equal(
      (await run('curl', ['-s', `https://127.0.0.1:${world.port}/`])).code,
      7,
      'the hub is away all the while',
    );
    assert.ok(await isAlive(await world.sitePid('north')));

    await world.up('--sites', 'north');
    await eventually(
      'the site is connected again',
      () => hub.ok('get site north'),
      (seen) => / Connected /u.test(seen),
    );
    assert.deepEqual(await containersOf(north), after, 'the hub changes nothing when it is back');
  });
});
