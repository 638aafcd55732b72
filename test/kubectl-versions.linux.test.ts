import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from './eventually.ts';
import { type Kubectl, kubectlVersions, rowsOf } from './kubectl.ts';
import { World } from './world.ts';

const WANTED_VERSIONS = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];

const manifest = (replicas: number): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'made' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'made' } },
      template: {
        metadata: { labels: { app: 'made' } },
        spec: { containers: [{ name: 'main', image: 'nginx:1.27' }] },
      },
    },
  });

describe('kubectl of every supported version', () => {
  const programs = kubectlVersions();
  let world: World;

  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--runtime', 'simulated', '--sites', 'north');
  });
  after(() => world[Symbol.asyncDispose]());

  for (const version of WANTED_VERSIONS) {
    const program = programs.get(version);
    const skip = program === undefined ? `*** kubectl ${version} is not on this machine ***` : false;

    describe(`kubectl ${version}`, { skip }, () => {
      const namespace = `v${version.replace('.', '-')}`;
      let hub: Kubectl;
      let north: Kubectl;
      before(async () => {
        [hub, north] = [world.kubectl('hub', program), world.kubectl('north', program)];
        for (const kubectl of [hub, north]) await kubectl.ok('create namespace', namespace);
      });

      it('applies, shows, describes, scales, patches and deletes at hub and site', async () => {
        for (const kubectl of [hub, north]) {
          assert.match(
            await kubectl.okWith(manifest(1), `-n ${namespace} apply -f -`),
            /deployment\.apps\/made created/u,
          );
          assert.match(await kubectl.okWith(manifest(2), `-n ${namespace} apply -f -`), /configured/u);
          assert.match(await kubectl.okWith(manifest(2), `-n ${namespace} apply -f -`), /unchanged/u);
          await kubectl.ok(`-n ${namespace} scale deployment made --replicas=3`);
          await kubectl.ok(`-n ${namespace} patch deployment made -p`, '{"spec":{"paused":false}}');
          await kubectl.ok(`-n ${namespace} label deployment made seen=yes`);
          assert.match(await kubectl.ok(`-n ${namespace} describe deployment made`), /Replicas: +3 desired/u);
          assert.equal(
            await kubectl.ok(
              `-n ${namespace} get deployments -l seen=yes -o jsonpath={.items[*].spec.replicas}`,
            ),
            '3',
          );
          assert.equal(rowsOf(await kubectl.ok(`-n ${namespace} get deployments`))[0]?.['NAME'], 'made');
        }
        await north.ok(`-n ${namespace} rollout status deployment/made --timeout=30s`);
        assert.equal(
          rowsOf(await north.ok(`-n ${namespace} get pods`)).filter((row) => row['STATUS'] === 'Running')
            .length,
          3,
        );
        for (const kubectl of [hub, north]) {
          await kubectl.ok(`-n ${namespace} delete deployment made`);
          assert.equal(await kubectl.ok(`-n ${namespace} get deployments -o name`), '');
        }
        await eventually(
          'its pods are gone',
          () => north.ok(`-n ${namespace} get pods -o name`),
          (seen) => seen === '',
        );
      });

      it('applies by the server, and creates by Protobuf', async () => {
        const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"},"data":{"x":"1"}}';
        assert.match(
          await hub.okWith(map, `-n ${namespace} apply --server-side -f -`),
          /serverside-applied/u,
        );
        await hub.ok(`-n ${namespace} create configmap other --from-literal=a=b`);
        assert.equal(await hub.ok(`-n ${namespace} get configmap other -o jsonpath={.data.a}`), 'b');
        await hub.ok(`-n ${namespace} create deployment quick --image=nginx:1.27`);
        await hub.ok(`-n ${namespace} get all,configmaps`);
      });

      it('explains kinds, and knows our own', async () => {
        assert.match(await hub.ok('explain deployment.spec'), /replicas/u);
        assert.match(await hub.ok('explain application.spec'), /placement/u);
        assert.match(await hub.ok('api-resources'), /^sites +fleet\.skerry\.io\/v1alpha1/mu);
        assert.equal(rowsOf(await hub.ok('get sites'))[0]?.['STATUS'], 'Connected');
        assert.equal(await hub.ok('auth can-i get pods'), 'yes\n');
      });

      it('refuses an unknown field', async () => {
        const wrong = manifest(1).replace('"replicas"', '"replica"');
        const refused = await hub.try([`-n ${namespace} apply -f -`], { input: wrong });
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /unknown field "spec\.replica"/u);
      });
    });
  }
});
