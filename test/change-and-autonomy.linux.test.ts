import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { eventually } from './eventually.ts';
import { type Kubectl, rowsOf } from './kubectl.ts';
import { allReady, containersOf, type PodContainer, runningTasks } from './pods.ts';
import { fetchPage, Probing, stopAll } from './probing.ts';
import { runFolderOf } from './residue.ts';
import { crash, isAlive, World } from './world.ts';

/** A change at the hub is to be seen at every site within this, in milliseconds. */
const CHANGE_MS_MAX = 15_000;

const SITES = ['north', 'south'] as const;

type SiteName = (typeof SITES)[number];

/** What must be the same before and after whatever must not touch a container. */
const lives = (containers: readonly PodContainer[]): string[] =>
  containers.map(
    ({ pod, containerId, startedAt, restarts }) => `${pod} ${containerId} ${startedAt} ${restarts}`,
  );

describe('changes reach every site, and sites run on without the hub', () => {
  let world: World;
  let hub: Kubectl;
  let site: Record<SiteName, Kubectl>;

  before(async () => {
    world = await World.empty();
    await world.up();
    hub = world.kubectl('hub');
    site = { north: world.kubectl('north'), south: world.kubectl('south') };
  });
  after(() => world[Symbol.asyncDispose]());

  const address = (name: SiteName): Promise<string> =>
    site[name].ok('-n first get service web -o jsonpath={.spec.clusterIP}');
  const objects = (name: SiteName): Promise<string> =>
    site[name].ok('-n first get deployments,services,configmaps,pods -l fleet.skerry.io/application -o name');
  const siteStatus = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      rowsOf(await hub.ok('get sites')).map((row) => [row['NAME'] ?? '', row['STATUS'] ?? '']),
    );
  const applicationRow = async (): Promise<Record<string, string>> =>
    rowsOf(await hub.ok('-n first get applications'))[0] ?? {};

  it('a page edited at the hub is served by every site within seconds', async () => {
    const page = '<h1>Edited at the hub</h1>';
    await hub.ok(
      '-n first patch configmap web-page --type merge -p',
      JSON.stringify({ data: { 'index.html': page } }),
    );
    const startMs = performance.now();
    for (const name of SITES) {
      const service = await address(name);
      await eventually(
        `${name} serves it`,
        () => fetchPage(service),
        (seen) => seen === page,
        CHANGE_MS_MAX,
      );
    }
    console.log(
      `# a changed page was served by both sites after ${Math.round(performance.now() - startMs)} ms`,
    );
    assert.ok(performance.now() - startMs < CHANGE_MS_MAX);
  });

  it('an image changed at the hub is rolled out at every site; with a preStop hook no request is lost over it', async () => {
    const rolledOut = async (image: string): Promise<void> => {
      for (const name of SITES) {
        await eventually(
          `${name} runs ${image}`,
          () => containersOf(site[name], 'app.kubernetes.io/name=web'),
          (containers) =>
            allReady(containers, 2) && containers.every((container) => container.image.endsWith(image)),
          60_000,
        );
        await site[name].ok('-n first rollout status deployment/web --timeout=60s');
      }
    };
    const before = await containersOf(site.north, 'app.kubernetes.io/name=web');
    // As everywhere in Kubernetes: a pod is to serve on until every host has learned that it goes.
    const lifecycle = { preStop: { exec: { command: ['sleep', '1'] } } };
    const template = { spec: { containers: [{ name: 'nginx', lifecycle }] } };
    await hub.ok('-n first patch deployment web -p', JSON.stringify({ spec: { template } }));
    await eventually(
      'north has other pods',
      () => containersOf(site.north, 'app.kubernetes.io/name=web'),
      (seen) => seen.every(({ pod }) => !before.some((other) => other.pod === pod)),
      60_000,
    );
    await rolledOut('nginx:1.27');
    const probing = await Promise.all(SITES.map(async (name) => new Probing(await address(name))));
    await hub.ok('-n first set image deployment/web nginx=nginx:1.28');
    await rolledOut('nginx:1.28');
    await hub.ok('-n first wait --for=condition=Ready --timeout=30s application/first');
    const failures = await stopAll(probing);
    assert.deepEqual(failures, []);
  });

  it('the hub dies: every site serves on, and is changed on the spot', async () => {
    const before = {
      north: lives(await containersOf(site.north)),
      south: lives(await containersOf(site.south)),
    };
    const probing = await Promise.all(SITES.map(async (name) => new Probing(await address(name))));
    await crash(await world.hubPid());
    assert.match(await hub.fails(1, 'get sites'), /refused/u);
    await site.north.ok('-n first scale deployment web --replicas=3');
    await eventually(
      'north has a third pod',
      () => containersOf(site.north),
      (seen) => allReady(seen, 4),
    );
    await world.up();
    await eventually('both sites are back', siteStatus, (seen) =>
      SITES.every((name) => seen[name] === 'Connected'),
    );
    await eventually(
      'the application is ready',
      applicationRow,
      (row) => row['STATUS'] === 'Ready' && row['RUNNING'] === '2',
    );
    assert.deepEqual(await stopAll(probing), []);
    for (const { answered } of probing) assert.ok(answered > 20, `only ${answered} requests were answered`);
    const north = lives(await containersOf(site.north));
    for (const life of before.north) assert.ok(north.includes(life), `north keeps ${life}`);
    assert.equal(north.length, before.north.length + 1, "the scale on the spot outlives the hub's return");
    assert.deepEqual(lives(await containersOf(site.south)), before.south);
  });

  it('what is changed on the spot stays when the hub changes something else', async () => {
    await hub.ok('-n first set image deployment/web nginx=nginx:1.27');
    for (const { name, replicas } of [
      { name: 'north', replicas: 3 },
      { name: 'south', replicas: 2 },
    ] as const) {
      await eventually(
        `${name} runs the image of the hub, as often as it was told on the spot`,
        () => containersOf(site[name], 'app.kubernetes.io/name=web'),
        (seen) => allReady(seen, replicas) && seen.every(({ image }) => image.endsWith('nginx:1.27')),
        60_000,
      );
      await eventually(
        `the pods of before are gone from ${name}`,
        () => runningTasks(world.site(name)),
        ({ sandboxes }) => sandboxes.length === replicas + 1,
      );
    }
  });

  it('a hub that has just come back does not say that its sites run anything', async () => {
    const pid = await world.sitePid('south');
    await crash(await world.hubPid());
    await crash(pid);
    await world.up('--sites', 'north');
    const row = rowsOf(await hub.ok('get sites')).find((seen) => seen['NAME'] === 'south');
    assert.ok(
      ['Unknown', 'Offline'].includes(row?.['STATUS'] ?? ''),
      `south is ${row?.['STATUS'] ?? 'away'}`,
    );
    const application = await eventually(
      'the count is honest',
      applicationRow,
      (seen) => seen['OFFLINE'] === '1',
    );
    assert.deepEqual([application['SITES'], application['RUNNING']], ['2', '1']);
    assert.match(
      await hub.ok(
        '-n first get application first -o jsonpath={.status.conditions[?(@.type=="Ready")].message}',
      ),
      /1 of 2 sites run the wanted revision, .* 1 are offline/u,
    );
  });

  it("a site's process dies: its containers live on, and the next process takes over each of them once", async () => {
    const before = lives(await containersOf(site.north));
    // South's process was ended above: what it left is all there is.
    const tasks = await runningTasks(world.site('south'));
    assert.equal(tasks.sandboxes.length, 3);
    assert.equal(tasks.containers.length, 3);
    await world.up();
    const south = await eventually(
      'south answers',
      () => containersOf(site.south),
      (seen) => allReady(seen, 3),
    );
    assert.deepEqual(
      south.map(({ restarts }) => restarts),
      [0, 0, 0],
    );
    assert.deepEqual(south.map(({ containerId }) => containerId).toSorted(), tasks.containers);
    assert.deepEqual(
      await runningTasks(world.site('south')),
      tasks,
      'no container and no sandbox is there twice',
    );
    assert.deepEqual(lives(await containersOf(site.north)), before);
    await eventually('south is connected', siteStatus, (seen) => seen['south'] === 'Connected');
  });

  it("a site's containerd dies: its containers live on, and it is started again", async () => {
    const before = lives(await containersOf(site.north));
    const probing = new Probing(await address('north'));
    const pidPath = `${runFolderOf(world.site('north'))}/containerd.pid`;
    const { pid } = JSON.parse(readFileSync(pidPath, 'utf8')) as { pid: number };
    await crash(pid);
    const next = await eventually(
      'another containerd runs',
      () => (JSON.parse(readFileSync(pidPath, 'utf8')) as { pid: number }).pid,
      (seen) => seen !== pid,
    );
    assert.ok(await isAlive(next));
    await eventually(
      'exec works again',
      () => site.north.try(['-n first exec deployment/web --', 'true']),
      ({ code }) => code === 0,
    );
    assert.deepEqual(lives(await containersOf(site.north)), before);
    // A new pod needs the new containerd.
    await site.north.ok('-n first scale deployment web --replicas=4');
    await eventually(
      'a new pod runs',
      () => containersOf(site.north),
      (seen) => allReady(seen, 5),
    );
    assert.deepEqual(await stopAll([probing]), []);
  });

  it('a site that is no longer selected drops the application, and takes it up again', async () => {
    await hub.ok('label site south tier-');
    await eventually(
      'south has nothing of it',
      () => objects('south'),
      (seen) => seen === '',
    );
    await eventually(
      'its pods are gone',
      () => site.south.ok('-n first get pods -o name'),
      (seen) => seen === '',
    );
    assert.match(await objects('north'), /deployment\.apps\/web/u);
    assert.deepEqual((await applicationRow())['SITES'], '1');
    await hub.ok('label site south tier=edge');
    await eventually(
      'south runs it again',
      () => containersOf(site.south),
      (seen) => allReady(seen, 3),
      60_000,
    );
    await eventually(
      'the hub says so',
      applicationRow,
      (row) => row['SITES'] === '2' && row['RUNNING'] === '2',
    );
  });

  it('an object deleted at the hub is deleted at the sites; one deleted at a site comes back', async () => {
    await hub.ok('-n first delete service redis');
    for (const name of SITES)
      await eventually(
        `${name} drops it`,
        () => objects(name),
        (seen) => !seen.includes('service/redis'),
      );
    await site.north.ok('-n first delete configmap web-page');
    await eventually(
      'it comes back',
      () => objects('north'),
      (seen) => seen.includes('configmap/web-page'),
    );
  });

  it('an application deleted at the hub is gone from every site, from one that was away once it is back', async () => {
    await crash(await world.sitePid('south'));
    await hub.ok('-n first delete application first --wait=false');
    await eventually(
      'north has nothing of it',
      () => objects('north'),
      (seen) => seen === '',
    );
    await eventually(
      'its pods are gone',
      () => site.north.ok('-n first get pods -o name'),
      (seen) => seen === '',
    );
    const tasks = await runningTasks(world.site('south'));
    assert.equal(tasks.containers.length, 3, 'nobody has told south');
    await world.up('--no-example');
    await eventually(
      'south has nothing of it',
      () => objects('south'),
      (seen) => seen === '',
    );
    await eventually(
      'its containers are gone',
      () => runningTasks(world.site('south')),
      (seen) => seen.sandboxes.length === 0,
    );
    assert.equal(await hub.ok('-n first get applicationinstances -o name'), '');
  });
});
