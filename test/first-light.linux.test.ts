import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { type Outcome, output, run } from './command.ts';
import { eventually } from './eventually.ts';
import { type Kubectl, rowsOf } from './kubectl.ts';
import { freePort, World } from './world.ts';

/** The page of examples/first. */
const PAGE = /<h1>Hello from the edge<\/h1>/u;

/** The example's pods at one site. */
const POD_COUNT = 3;

describe('from nothing to a first application', () => {
  let world: World;
  let up: Outcome;
  let hub: Kubectl;
  let north: Kubectl;
  let south: Kubectl;

  before(async () => {
    world = await World.empty();
    up = await world.up();
    [hub, north, south] = [world.kubectl('hub'), world.kubectl('north'), world.kubectl('south')];
  });
  after(() => world[Symbol.asyncDispose]());

  const webPods = async (): Promise<string[]> => {
    const names = await north.ok(
      '-n first get pods -l app.kubernetes.io/name=web -o name --sort-by=.metadata.name',
    );
    return names
      .trim()
      .split('\n')
      .map((name) => name.replace('pod/', ''));
  };
  const webPod = async (): Promise<string> => (await webPods())[0] ?? assert.fail('there is no web pod');

  it('up says what it does, with the seconds', () => {
    for (const line of [
      /^ +\d+\.\d s {2}Starting the hub on https:\/\/127\.0\.0\.1:\d+$/mu,
      /^ +\d+\.\d s {2}Joining site north to the hub$/mu,
      /^ +\d+\.\d s {2}Site south is ready at https:\/\/127\.0\.0\.1:\d+$/mu,
      /^ +\d+\.\d s {2}Application first\/first is available on every site$/mu,
    ]) {
      assert.match(up.stderr, line);
    }
  });

  it('up ends with a table of what runs where, and five commands to go on with', () => {
    const [table = '', next = ''] = up.stdout.split('\nTry next:\n');
    const rows = rowsOf(table.trim());
    assert.deepEqual(Object.keys(rows[0] ?? {}), [
      'SITE',
      'NAMESPACE',
      'POD',
      'READY',
      'STATUS',
      'IP',
      'AGE',
    ]);
    assert.equal(rows.length, 2 * POD_COUNT);
    for (const site of ['north', 'south']) {
      const here = rows.filter((row) => row['SITE'] === site);
      assert.equal(here.length, POD_COUNT);
      for (const row of here) {
        assert.match(row['POD'] ?? '', /^(?:web|redis)-[a-z0-9]+-[a-z0-9]{5}$/u);
        assert.deepEqual([row['NAMESPACE'], row['READY'], row['STATUS']], ['first', '1/1', 'Running']);
      }
    }
    assert.equal(next.trimEnd().split('\n').length, 5);
    assert.match(next, new RegExp(`export KUBECONFIG=${world.kubeconfig}\n`, 'u'));
  });

  it('every command that up shows works as it stands', async () => {
    const shown = (up.stdout.split('\nTry next:\n')[1] ?? '')
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const [setting = '', ...commands] = shown;
    const looking = commands.filter((command) => !command.includes(' edit '));
    await output('sh', ['-ec', [setting, ...looking].join('\n')]);
  });

  it('the kubeconfig has the hub and each site as contexts, and is for its owner alone', async () => {
    const contexts = await hub.ok('config get-contexts -o name');
    assert.deepEqual(contexts.trim().split('\n'), ['hub', 'north', 'south']);
    assert.equal((await output('stat', ['-c', '%a', world.kubeconfig])).trim(), '600');
    assert.equal(
      (await output('kubectl', ['--kubeconfig', world.kubeconfig, 'config', 'current-context'])).trim(),
      'hub',
    );
  });

  it('the hub shows its sites', async () => {
    const rows = await eventually(
      'the applications that run are counted',
      async () => rowsOf(await hub.ok('get sites')),
      (seen) => seen.every((row) => row['APPS'] === '1/1'),
      5000,
    );
    assert.deepEqual(Object.keys(rows[0] ?? {}), [
      'NAME',
      'STATUS',
      'LAST-CONTACT',
      'HOSTS',
      'APPS',
      'VERSION',
      'AGE',
    ]);
    assert.deepEqual(
      rows.map((row) => [row['NAME'], row['STATUS'], row['HOSTS'], row['APPS']]),
      [
        ['north', 'Connected', '1/1', '1/1'],
        ['south', 'Connected', '1/1', '1/1'],
      ],
    );
    assert.ok('PROVIDER' in (rowsOf(await hub.ok('get sites -o wide'))[0] ?? {}));
    assert.match(await hub.ok('describe site north'), /Labels: +tier=edge[\s\S]*State: +Connected/u);
    assert.equal(await hub.ok('get site north -o jsonpath={.status.hosts[0].ready}'), 'True');
  });

  it('the hub shows its applications', async () => {
    const rows = rowsOf(await hub.ok('get applications -A'));
    assert.deepEqual(Object.keys(rows[0] ?? {}), [
      'NAMESPACE',
      'NAME',
      'STATUS',
      'SITES',
      'RUNNING',
      'OFFLINE',
      'AGE',
    ]);
    const { AGE: _age, ...row } = rows[0] ?? {};
    assert.deepEqual(row, {
      NAMESPACE: 'first',
      NAME: 'first',
      STATUS: 'Ready',
      SITES: '2',
      RUNNING: '2',
      OFFLINE: '0',
    });
    const described = await hub.ok('-n first describe application first');
    assert.match(described, /Reason: +AllSitesRunning/u);
    assert.match(described, /Placed on site north/u);
    assert.match(await hub.ok('-n first get application first -o yaml'), /^kind: Application$/mu);
    assert.equal(rowsOf(await hub.ok('-n first get applicationinstances')).length, 2);
  });

  it('the hub runs no pods itself, and says so of its templates', async () => {
    assert.equal(await hub.ok('get pods -A -o name'), '');
    assert.deepEqual(
      rowsOf(await hub.ok('-n first get deployments')).map((row) => [row['NAME'], row['READY']]),
      [
        ['redis', '0/1'],
        ['web', '0/2'],
      ],
    );
  });

  for (const site of ['north', 'south']) {
    it(`${site} shows deployments, pods, services and its node`, async () => {
      const kubectl = world.kubectl(site);
      assert.deepEqual(
        rowsOf(await kubectl.ok('-n first get deployments')).map((row) => [row['NAME'], row['READY']]),
        [
          ['redis', '1/1'],
          ['web', '2/2'],
        ],
      );
      const pods = rowsOf(await kubectl.ok('-n first get pods -o wide'));
      assert.equal(pods.length, POD_COUNT);
      for (const pod of pods) {
        assert.deepEqual([pod['STATUS'], pod['RESTARTS'], pod['NODE']], ['Running', '0', site]);
        assert.match(pod['IP'] ?? '', /^10\.\d+\.\d+\.\d+$/u);
      }
      assert.match(
        await kubectl.ok('-n first get all'),
        /service\/web +ClusterIP[\s\S]*deployment\.apps\/web/u,
      );
      assert.equal(rowsOf(await kubectl.ok('get nodes'))[0]?.['STATUS'], 'Ready');
    });
  }

  it('describe tells of deployment, pod and node', async () => {
    const deployment = await north.ok('-n first describe deployment web');
    assert.match(deployment, /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/u);
    assert.match(deployment, /ScalingReplicaSet/u);
    const pod = await north.ok('-n first describe pod', await webPod());
    assert.match(pod, /Container ID: +containerd:\/\/[0-9a-f]{64}/u);
    assert.match(pod, /Normal +Scheduled/u);
    assert.match(pod, /Normal +Pulled[\s\S]*Normal +Created[\s\S]*Normal +Started/u);
    assert.match(await north.ok('describe node north'), /Container Runtime Version: +containerd:\/\/\d/u);
  });

  it("the page is served at a pod's address, at the service's address and by its name inside a pod", async () => {
    const pod = await webPod();
    const podIp = await north.ok('-n first get pod -o jsonpath={.status.podIP}', pod);
    const serviceIp = await north.ok('-n first get service web -o jsonpath={.spec.clusterIP}');
    for (const address of [podIp, serviceIp]) {
      assert.match(await output('curl', ['-sS', '--max-time', '5', `http://${address}/`]), PAGE);
    }
    assert.match(
      await north.ok('-n first exec', pod, '--', 'wget', '-qO-', 'http://web.first.svc.cluster.local/'),
      PAGE,
    );
    assert.match(await north.ok('-n first exec', pod, '--', 'wget', '-qO-', 'http://web/'), PAGE);
    const ping = ['redis-cli', '-h', 'redis.first.svc.cluster.local', 'ping'];
    assert.equal(await north.ok('-n first exec deploy/redis --', ...ping), 'PONG\n');
  });

  it('exec hands through output, exit code, standard input and a terminal', async () => {
    const pod = await webPod();
    const both = await north.try(['-n first exec', pod, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual([both.stdout, both.code], ['out\n', 7]);
    assert.match(both.stderr, /^err\n/u);
    assert.equal(await north.okWith('one\ntwo\n', '-n first exec -i', pod, '--', 'wc', '-l'), '2\n');
    const long = 'x'.repeat(3_000_000);
    assert.equal(await north.okWith(long, '-n first exec -i', pod, '--', 'wc', '-c'), '3000000\n');
    const terminal = north.command([
      '-n first exec -it',
      pod,
      '--',
      'sh',
      '-c',
      "'sleep 1; stty size; tty; exit 3'",
    ]);
    const script = `stty rows 33 cols 101; ${terminal.join(' ')}`;
    const inTerminal = await run('script', ['-qec', script, '/dev/null'], { input: '' });
    assert.match(inTerminal.stdout, /33 101\r?\n\/dev\/pts\/0/u);
    assert.equal(inTerminal.code, 3);
    await north.fails(1, '-n first exec', pod, '-c', 'nope', '--', 'true');
  });

  it('cp brings a file into a pod and out again', async () => {
    const pod = await webPod();
    const path = `${world.folder}/copied`;
    await writeFile(path, 'copied\n');
    await north.ok('-n first cp', path, `${pod}:/tmp/copied`);
    await rm(path);
    await north.ok('-n first cp', `${pod}:/tmp/copied`, path);
    assert.equal(readFileSync(path, 'utf8'), 'copied\n');
  });

  it('logs come whole, by their end, and as they are written', async () => {
    const pod = await webPod();
    assert.match(await north.ok('-n first logs', pod), /start worker process/u);
    assert.equal((await north.ok('-n first logs --tail=2', pod)).trimEnd().split('\n').length, 2);
    assert.match(
      await north.ok('-n first logs --tail=1 --timestamps', pod),
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /u,
    );
    assert.match(await north.ok('-n first logs deployment/web --tail=1'), /GET \/|worker process/u);
    assert.match(
      await north.fails(1, '-n first logs --previous', pod),
      /previous terminated container "nginx" in pod .* not found/u,
    );
    using following = north.start('-n first logs -f --tail=1', pod);
    const podIp = await north.ok('-n first get pod -o jsonpath={.status.podIP}', pod);
    await eventually(
      'a request shows in the followed log',
      async () => {
        await run('curl', ['-s', '--max-time', '5', `http://${podIp}/marked`]);
        return following.text;
      },
      (text) => text.includes('GET /marked'),
    );
  });

  it('port-forward carries requests to a service', async () => {
    const port = await freePort();
    using forwarding = north.start('-n first port-forward service/web', `${port}:80`);
    await eventually(
      'it forwards',
      () => forwarding.text,
      (text) => text.includes(`127.0.0.1:${port} -> 80`),
    );
    for (let count = 0; count < 3; count++) {
      assert.match(await output('curl', ['-sS', '--max-time', '5', `http://127.0.0.1:${port}/`]), PAGE);
    }
  });

  it('a deleted pod is replaced, and wait and get -w see it', async () => {
    using watching = north.start('-n first get pods -w');
    const before = await webPods();
    const [doomed = ''] = before;
    await eventually(
      'the watch has begun',
      () => watching.text,
      (text) => text.includes(doomed),
    );
    await north.ok('-n first delete pod', doomed);
    const later = await eventually(
      'another pod',
      webPods,
      (names) => names.length === 2 && !names.includes(doomed),
    );
    const replacement = later.find((name) => !before.includes(name)) ?? assert.fail('no pod is new');
    await north.ok('-n first wait --for=condition=Ready --timeout=30s pod', replacement);
    await north.ok('-n first wait --for=condition=Available --timeout=30s deployment/web');
    await eventually(
      'the watch shows the new pod running',
      () => watching.text,
      (text) => new RegExp(`${replacement} +1/1 +Running`, 'u').test(text),
    );
  });

  it('labels, annotations and patches of each kind are kept', async () => {
    await south.ok('-n first label deployment redis zone=a');
    assert.equal(
      (await south.ok('-n first get deployments -l zone=a -o name')).trim(),
      'deployment.apps/redis',
    );
    await south.ok('-n first annotate deployment redis note=kept');
    const environment =
      '{"spec":{"template":{"spec":{"containers":[{"name":"redis","env":[{"name":"A","value":"1"}]}]}}}}';
    await south.ok('-n first patch deployment redis -p', environment);
    await south.ok(
      '-n first patch deployment redis --type merge -p',
      '{"metadata":{"annotations":{"note":"merged"}}}',
    );
    await south.ok(
      '-n first patch deployment redis --type json -p',
      '[{"op":"remove","path":"/metadata/labels/zone"}]',
    );
    const container = '{.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env}';
    const line = `{.metadata.annotations.note} {.metadata.labels.zone} ${container}`;
    const seen = await south.ok('-n first get deployment redis -o', `jsonpath=${line}`);
    assert.equal(seen, 'merged  redis:7 [{"name":"A","value":"1"}]');
    await south.ok('-n first rollout status deployment/redis --timeout=60s');
  });

  it('edit changes an object', async () => {
    const [program = '', ...args] = south.command(['-n first edit deployment redis']);
    await output(program, args, { env: { KUBE_EDITOR: 'sed -i s/merged/edited/' } });
    assert.equal(
      await south.ok('-n first get deployment redis -o jsonpath={.metadata.annotations.note}'),
      'edited',
    );
  });

  it('scale, set image and rollout work, there and back', async () => {
    const image = '-n first get deployment web -o jsonpath={.spec.template.spec.containers[0].image}';
    await south.ok('-n first scale deployment web --replicas=3');
    await south.ok('-n first rollout status deployment/web --timeout=60s');
    assert.equal(rowsOf(await south.ok('-n first get deployment web'))[0]?.['READY'], '3/3');
    await south.ok('-n first set image deployment/web nginx=nginx:1.28');
    assert.match(
      await south.ok('-n first rollout status deployment/web --timeout=60s'),
      /successfully rolled out/u,
    );
    assert.equal(await south.ok(image), 'nginx:1.28');
    const history = await south.ok('-n first rollout history deployment/web');
    assert.match(history, /^1 +<none>$/mu);
    assert.match(history, /^2 +<none>$/mu);
    await south.ok('-n first rollout undo deployment/web');
    await south.ok('-n first rollout status deployment/web --timeout=60s');
    assert.equal(await south.ok(image), 'nginx:1.27');
    await south.ok('-n first rollout restart deployment/web');
    await south.ok('-n first rollout status deployment/web --timeout=60s');
  });

  it('server-side apply, diff, apply and replace', async () => {
    await north.ok('create namespace scratch');
    const map = (value: string): string =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"},"data":{"x":"${value}"}}`;
    assert.match(await north.okWith(map('1'), '-n scratch apply --server-side -f -'), /serverside-applied/u);
    const difference = await north.try(['-n scratch diff -f -'], { input: map('2') });
    assert.equal(difference.code, 1);
    assert.match(difference.stdout, /^- {2}x: "1"$[\s\S]*^\+ {2}x: "2"$/mu);
    await north.okWith(map('1'), '-n scratch diff --server-side -f -');
    await north.okWith(map('2'), '-n scratch apply --server-side -f -');
    const conflict = await north.try(['-n scratch apply --server-side --field-manager=other -f -'], {
      input: map('3'),
    });
    assert.match(conflict.stderr, /conflict with "kubectl"[\s\S]*\.data\.x/u);
    await north.okWith(
      map('3'),
      '-n scratch apply --server-side --field-manager=other --force-conflicts -f -',
    );
    assert.match(await north.okWith(map('4'), '-n scratch apply -f -'), /configured/u);
    assert.match(await north.okWith(map('4'), '-n scratch apply -f -'), /unchanged/u);
    await north.okWith(map('5'), '-n scratch replace -f -');
    assert.equal(await north.ok('-n scratch get configmap made -o jsonpath={.data.x}'), '5');
  });

  it('create, run, expose and a job: what kubectl sends as Protobuf is understood', async () => {
    await north.ok('-n scratch create configmap literal --from-literal=a=b');
    assert.equal(await north.ok('-n scratch get configmap literal -o jsonpath={.data.a}'), 'b');
    await north.ok('-n scratch create secret generic hidden --from-literal=p=q');
    assert.equal(await north.ok('-n scratch get secret hidden -o jsonpath={.data.p}'), 'cQ==');
    await north.ok('-n scratch create deployment made --image=nginx:1.27');
    await north.ok('-n scratch expose deployment made --port=80');
    await north.ok('-n scratch create job once --image=busybox --', 'true');
    await north.ok('-n scratch run talker --image=busybox --restart=Never --', 'echo', 'said and done');
    await north.ok('-n scratch wait --for=condition=Complete --timeout=60s job/once');
    await eventually(
      'the pod has ended',
      () => north.ok('-n scratch get pod talker -o jsonpath={.status.phase}'),
      (phase) => phase === 'Succeeded',
    );
    assert.equal(await north.ok('-n scratch logs talker'), 'said and done\n');
    await north.ok('-n scratch rollout status deployment/made --timeout=60s');
    await north.ok('delete namespace scratch --timeout=60s');
    assert.equal(await north.ok('get pods -n scratch -o name'), '');
  });

  it('a container that ends is started again, and --previous has the log of the one before', async () => {
    await north.ok('run flaky --image=busybox --', 'sh', '-c', 'echo life $(date +%s); sleep 1');
    await eventually(
      'it was started again',
      () => north.ok('get pod flaky -o jsonpath={.status.containerStatuses[0].restartCount}'),
      (count) => Number(count) >= 1,
    );
    assert.match(await north.ok('logs flaky --previous'), /^life \d+\n$/u);
    await north.ok('delete pod flaky --timeout=60s');
  });

  it('the API explains itself, and says who one is and what one may', async () => {
    assert.match(await north.ok('explain deployment.spec.replicas'), /FIELD: +replicas <integer>/u);
    assert.match(await hub.ok('explain application.spec.placement'), /Which sites shall run it/u);
    const resources = await hub.ok('api-resources');
    assert.match(resources, /^sites +fleet\.skerry\.io\/v1alpha1 +false +Site$/mu);
    assert.match(resources, /^applications +app +fleet\.skerry\.io\/v1alpha1 +true +Application$/mu);
    assert.match(await hub.ok('api-versions'), /^fleet\.skerry\.io\/v1alpha1$/mu);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    assert.match(
      await north.okWith(JSON.stringify(review), `create --raw ${path} -f -`),
      /"username": ?"admin"/u,
    );
    assert.equal(await north.ok('auth can-i create pods'), 'yes\n');
    assert.match(await north.ok('version'), /Server Version: .*v1\.\d+/u);
  });

  it('nobody gets in without a certificate', async () => {
    const server = await hub.ok('config view --minify -o jsonpath={.clusters[0].cluster.server}');
    const status = await output('curl', [
      '-sk',
      '--max-time',
      '5',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      `${server}/api/v1/namespaces`,
    ]);
    assert.equal(status, '401');
  });
});
