import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { output, run } from './command.ts';
import { eventually, throughout } from './eventually.ts';
import { type Kubectl, rowsOf } from './kubectl.ts';
import { allReady, containersOf } from './pods.ts';
import { freePort, ROOT, skerry, World } from './world.ts';

/** The user and group id of nobody. */
const NOBODY = 65534;

/** What standard error has to say, without what npm itself says. */
const said = ({ stderr }: { stderr: string }): string =>
  stderr
    .split('\n')
    .filter((line) => !line.startsWith('npm '))
    .join('\n')
    .trim();

/** One sentence, and nothing of the program's inside. */
function assertSentence(text: string, expected: RegExp): void {
  const last = text.split('\n').at(-1) ?? '';
  assert.match(last, /^skerry: /u);
  assert.match(last, expected);
  assert.doesNotMatch(text, /\n +at |node:internal|Error:/u);
}

describe('what cannot be started says why, in one sentence', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skerry-'));
    await chmod(folder, 0o777);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('down of a folder that is not there', async () => {
    const outcome = await skerry(['down', '--data', join(folder, 'nothing')]);
    assert.equal(outcome.code, 1);
    assertSentence(
      said(outcome),
      /there is nothing in .*\/nothing: name the folder that "skerry up" was given with --data/u,
    );
  });

  it('status where nothing is up', async () => {
    const outcome = await skerry(['status', '--data', join(folder, 'nothing')]);
    assert.equal(outcome.code, 1);
    assertSentence(said(outcome), /there is no .*\/nothing\/kubeconfig: is Skerry up\?/u);
  });

  it('up as somebody who is not root', async () => {
    // A clone may lie where nobody may not go: in a mount namespace of its own, it lies elsewhere as well.
    const clone = join(folder, 'clone');
    await mkdir(clone);
    const command = `${relative(ROOT, process.execPath)} src/main.ts up --detach --data ../nobody`;
    const script = `mount --bind ${ROOT} ${clone} && cd ${clone} && exec setpriv --reuid ${NOBODY} --clear-groups ${command}`;
    const outcome = await run('unshare', ['--mount', 'sh', '-c', script]);
    assert.equal(outcome.code, 1, outcome.stderr);
    assertSentence(said(outcome), /containers need root: run this with sudo, or with "--runtime simulated"/u);
    assert.equal(existsSync(join(folder, 'nobody')), false, 'nothing was begun');
  });

  it('up where programs are missing says which packages bring them', async () => {
    const node = `${process.execPath} ${ROOT}/src/main.ts`;
    // In a mount namespace of its own, for it alone.
    const hidden =
      'for folder in /usr/lib/cni /opt/cni/bin; do [ ! -d $folder ] || mount -t tmpfs none $folder; done';
    const script = `${hidden}; exec ${node} up --detach --data ${join(folder, 'missing')}`;
    const outcome = await run('unshare', ['--mount', 'sh', '-c', script]);
    assert.equal(outcome.code, 1, outcome.stderr);
    assertSentence(
      said(outcome),
      /the CNI plugins bridge, host-local, loopback not found; .* apt-get install -y containernetworking-plugins/u,
    );
    assert.equal(existsSync(join(folder, 'missing')), false, 'nothing was begun');
  });

  it('up on a port that another program has', async () => {
    const port = await freePort();
    const taker = createServer().listen(port, '127.0.0.1');
    try {
      const outcome = await skerry([
        'up',
        '--detach',
        '--no-example',
        '--runtime',
        'simulated',
        '--data',
        join(folder, 'taken'),
        '--port',
        String(port),
      ]);
      assert.equal(outcome.code, 1);
      assertSentence(said(outcome), new RegExp(`the hub did not start: .*${port}`, 'u'));
    } finally {
      taker.close();
    }
  });

  it('up in a folder of a newer version', async () => {
    const data = join(folder, 'newer');
    await mkdir(`${data}/hub`, { recursive: true });
    await writeFile(`${data}/hub/format.json`, '{"format":99}');
    const outcome = await skerry([
      'up',
      '--detach',
      '--no-example',
      '--runtime',
      'simulated',
      '--data',
      data,
      '--port',
      String(await freePort()),
    ]);
    assert.equal(outcome.code, 1);
    assertSentence(
      said(outcome),
      /the hub did not start: .* was written by a newer version of Skerry \(format 99, this version knows \d+\)/u,
    );
  });

  it('wrong options', async () => {
    for (const [words, expected] of [
      [['up', '--port', 'abc'], /--port "abc" is no port/u],
      [['up', '--sites', 'North'], /--sites: "North" is no name for a site/u],
      [['up', '--sites', 'a,a'], /--sites: a name stands twice in "a,a"/u],
      [['up', '--sites', 'hub'], /no site can be called "hub"/u],
      [['token', 'create', '--ttl', 'soon'], /"soon" is no duration/u],
      [['up', '--nonsense'], /unknown option '--nonsense'/u],
    ] as const) {
      const outcome = await skerry([...words, '--data', join(folder, 'options')]);
      assert.equal(outcome.code, 2, `${words.join(' ')}: ${outcome.stderr}`);
      assert.match(outcome.stderr, expected);
    }
  });

  it('joining with a token that is none', async () => {
    const outcome = await skerry(['join', 'nonsense', '--name', 'east', '--data', join(folder, 'east')]);
    assert.equal(outcome.code, 1);
    assertSentence(said(outcome), /token/u);
  });
});

describe('the API says what is wrong', () => {
  let world: World;
  let hub: Kubectl;
  let north: Kubectl;
  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--runtime', 'simulated', '--sites', 'north');
    [hub, north] = [world.kubectl('hub'), world.kubectl('north')];
  });
  after(() => world[Symbol.asyncDispose]());

  const refusal = async (manifest: unknown, flags = ''): Promise<string> => {
    const outcome = await hub.try([`create -f -${flags}`], { input: JSON.stringify(manifest) });
    assert.equal(outcome.code, 1, outcome.stdout);
    return outcome.stderr;
  };
  const deployment = (spec: object): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'wrong' },
    spec: {
      selector: { matchLabels: { app: 'wrong' } },
      template: {
        metadata: { labels: { app: 'wrong' } },
        spec: { containers: [{ name: 'main', image: 'nginx' }] },
      },
      ...spec,
    },
  });

  it('up a second time', async () => {
    const outcome = await world.tryUp(['--no-example', '--runtime', 'simulated', '--sites', 'north']);
    assert.equal(outcome.code, 1);
    assertSentence(said(outcome), /Skerry is already up in .*: see what runs with "npx skerry status"/u);
  });

  it('an unknown field is an error, a warning, or nothing, as the client asks', async () => {
    const wrong = deployment({ replica: 2 });
    // kubectl before 1.25 looks itself, by the server's OpenAPI, and knows no `--validate=warn`.
    const looksItself = /unknown field "replica" in io\.k8s\.api\.apps\.v1\.DeploymentSpec/u;
    const said = await refusal(wrong);
    if (looksItself.test(said)) return;
    assert.match(said, /strict decoding error: unknown field "spec\.replica"/u);
    const warned = await hub.try(['create -f - --validate=warn'], { input: JSON.stringify(wrong) });
    assert.equal(warned.code, 0);
    assert.match(warned.stderr, /Warning: unknown field "spec\.replica"/u);
    await hub.ok('delete deployment wrong');
    const ignored = await hub.try(['create -f - --validate=ignore'], { input: JSON.stringify(wrong) });
    assert.deepEqual([ignored.code, ignored.stderr], [0, '']);
    await hub.ok('delete deployment wrong');
  });

  it('a field that is wrong is named, with what was said and what is wanted', async () => {
    assert.match(
      await refusal(deployment({ selector: { matchLabels: { app: 'other' } } })),
      /The Deployment "wrong" is invalid: spec\.template\.metadata\.labels: Invalid value: .*`selector` does not match template `labels`/u,
    );
    assert.match(
      await refusal(deployment({ replicas: -1 })),
      /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/u,
    );
    assert.match(await refusal(deployment({ replicas: 'many' })), /replicas/u);
    assert.match(
      await refusal({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Wrong_Name' } }),
      /metadata\.name: Invalid value: "Wrong_Name": a lowercase RFC 1123 subdomain/u,
    );
    const kind = { apiVersion: 'v1', kind: 'Nonsense', metadata: { name: 'x' } };
    assert.match(await refusal(kind, ' --validate=false'), /no matches for kind "Nonsense" in version "v1"/u);
    assert.match(
      await refusal({
        apiVersion: 'fleet.skerry.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'x' },
        spec: { source: {}, placement: {} },
      }),
      /spec\.source: Required value[\s\S]*spec\.placement: Required value/u,
    );
    assert.match(await hub.fails(1, 'get pods nope'), /pods "nope" not found/u);
    assert.match(await hub.fails(1, '-n nowhere create configmap x'), /namespaces "nowhere" not found/u);
  });

  it('a body that is no JSON is refused, and nothing is half done', async () => {
    const outcome = await hub.try(['create --raw /api/v1/namespaces/default/configmaps -f -'], {
      input: '{"kind":',
    });
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /BadRequest|bad request|json|JSON/u);
    assert.equal(await hub.ok('get configmaps -o name'), 'configmap/kube-root-ca.crt\n');
  });

  it('an application that no site matches says so', async () => {
    await hub.ok('create namespace lonely');
    await hub.okWith(
      JSON.stringify({
        apiVersion: 'fleet.skerry.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'nowhere', namespace: 'lonely' },
        spec: {
          source: {
            inline: { manifests: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }] },
          },
          placement: { siteSelector: { matchLabels: { tier: 'moon' } } },
        },
      }),
      'apply -f -',
    );
    await hub.ok('-n lonely wait --for=condition=Placed=False --timeout=15s application/nowhere');
    const described = await eventually(
      'an event tells of it',
      () => hub.ok('-n lonely describe application nowhere'),
      (text) => /Warning +NoSiteMatches/u.test(text),
    );
    assert.match(described, /Reason: +NoSiteMatches/u);
  });

  it('a join token is for one site, and for one time', async () => {
    const text = (await skerry(['token', 'create', '--data', world.folder, '--site', 'east'])).stdout.trim();
    const join = (token: string, name: string): ReturnType<typeof skerry> =>
      skerry(['join', token, '--name', name, '--data', `${world.folder}/joined-${name}`]);
    const other = await join(text, 'west');
    assert.equal(other.code, 1);
    assertSentence(said(other), /east|west/u);
    assert.equal((await join(text, 'east')).code, 0);
    const again = await skerry(['join', text, '--name', 'east', '--data', `${world.folder}/joined-again`]);
    assert.equal(again.code, 1);
    assertSentence(said(again), /token|site/u);
    await hub.ok('delete site east');
  });

  it('a pod that fits nowhere says why', async () => {
    const huge = { requests: { cpu: '1000' } };
    await north.okWith(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'huge' },
        spec: { containers: [{ name: 'main', image: 'nginx', resources: huge }] },
      }),
      'apply -f -',
    );
    await eventually(
      'an event tells of it',
      () => north.ok('describe pod huge'),
      (text) => /FailedScheduling .*Insufficient cpu/u.test(text),
    );
  });
});

describe('a full disk', () => {
  let world: World;
  let parent: string;
  let hub: Kubectl;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'skerry-'));
    await mkdir(`${parent}/disk`);
    await output('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', `${parent}/disk`]);
    world = new World(`${parent}/none`, await freePort(), `${parent}/disk/data`);
    await world.up('--runtime', 'simulated', '--sites', 'north');
    hub = world.kubectl('hub');
  });
  after(async () => {
    await rm(`${parent}/disk/ballast`, { force: true });
    await world[Symbol.asyncDispose]();
    await output('umount', [`${parent}/disk`]);
    await rm(parent, { recursive: true, force: true });
  });

  it('refuses writes and serves reads, and goes on by itself once there is space', async () => {
    const north = world.kubectl('north');
    const [hubPid, sitePid] = [await world.hubPid(), await world.sitePid('north')];
    const pods = await containersOf(north);
    await output('sh', ['-c', `cat /dev/zero > ${parent}/disk/ballast 2> /dev/null || true`]);
    const value = 'x'.repeat(100_000);
    const refused = await eventually(
      'a write is refused',
      () => hub.try([`create configmap full-${Date.now()}`, `--from-literal=a=${value}`]),
      ({ code }) => code !== 0,
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /disk|space/iu);
    assert.doesNotMatch(refused.stderr, /InternalError/u);
    assert.match(await hub.ok('get sites'), /north/u);
    assert.equal(
      await north.ok('-n first get pods -o name').then((text) => text.trim().split('\n').length),
      3,
    );
    await throughout(
      'the pods stay',
      () => containersOf(north),
      (seen) =>
        allReady(seen, 3) && seen.every(({ containerId }, index) => containerId === pods[index]?.containerId),
      3000,
    );
    await rm(`${parent}/disk/ballast`);
    await eventually(
      'a write is taken again',
      () => hub.try(['-n first label configmap web-page space=again --overwrite']),
      ({ code }) => code === 0,
    );
    await eventually(
      'the change is at the site',
      () => north.ok('-n first get configmap web-page -o jsonpath={.metadata.labels.space}'),
      (text) => text === 'again',
    );
    assert.deepEqual(
      [await world.hubPid(), await world.sitePid('north')],
      [hubPid, sitePid],
      'nothing was restarted',
    );
  });
});

describe('an image that is nowhere', () => {
  let world: World;
  let hub: Kubectl;
  let north: Kubectl;
  before(async () => {
    world = await World.empty();
    await world.up('--sites', 'north');
    [hub, north] = [world.kubectl('hub'), world.kubectl('north')];
  });
  after(() => world[Symbol.asyncDispose]());

  it('is told at the site and at the hub, and the pods of before run on', async () => {
    const image = 'registry.invalid/nothing:1';
    const old = await containersOf(north, 'app.kubernetes.io/name=web');
    await hub.ok('-n first set image deployment/web', `nginx=${image}`);
    const waiting = await eventually(
      'a pod waits for it',
      () =>
        north.ok(
          '-n first get pods -l app.kubernetes.io/name=web -o',
          'jsonpath={.items[*].status.containerStatuses[0].state.waiting}',
        ),
      (text) => /ErrImagePull|ImagePullBackOff/u.test(text),
    );
    assert.match(waiting, /registry\.invalid\/nothing:1/u);
    const event = await eventually(
      'an event tells of it',
      () => north.ok('-n first get events --field-selector reason=Failed -o jsonpath={.items[*].message}'),
      (text) => text.includes('Failed to pull image'),
    );
    console.log(`# ${event}`);
    assert.match(event, /Failed to pull image "registry\.invalid\/nothing:1": /u);
    const condition = await eventually(
      'the hub tells of it',
      () =>
        hub.ok('-n first get application first -o jsonpath={.status.conditions[?(@.type=="Ready")].message}'),
      (text) => /north: .*image/u.test(text),
      60_000,
    );
    console.log(`# ${condition}`);
    const running = (await containersOf(north, 'app.kubernetes.io/name=web')).filter(({ ready }) => ready);
    assert.equal(running.length, 2, 'a rollout never takes the last good pods');
    for (const { containerId } of running) assert.ok(old.some((each) => each.containerId === containerId));
    assert.notEqual(rowsOf(await hub.ok('-n first get applications'))[0]?.['STATUS'], 'Ready');

    await hub.ok('-n first set image deployment/web nginx=nginx:1.28');
    await eventually(
      'a right image gets it going again',
      () => containersOf(north, 'app.kubernetes.io/name=web'),
      (seen) => allReady(seen, 2) && seen.every((each) => each.image.endsWith('nginx:1.28')),
      60_000,
    );
    await hub.ok('-n first wait --for=condition=Ready --timeout=30s application/first');
  });
});
