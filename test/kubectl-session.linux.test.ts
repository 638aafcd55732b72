import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Outcome } from './command.ts';
import { eventually } from './eventually.ts';
import { type Kubectl, kubectlVersions, rowsOf } from './kubectl.ts';
import { World } from './world.ts';

const WANTED_VERSIONS = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: nginx:1.27
          ports: [{containerPort: 80}]
`;

/** An editor that adds a label. */
const EDITOR = `#!/bin/sh
exec sed -i 's/^  labels:$/  labels:\\n    edited: "yes"/' "$1"
`;

/** What a person types in an afternoon, one command after the other, in a namespace of its own. */
describe('a session with kubectl of every supported version', () => {
  const programs = kubectlVersions();
  let world: World;
  let folder: string;

  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--runtime', 'simulated', '--sites', 'north');
    folder = await mkdtemp(join(tmpdir(), 'skerry-session-'));
    await writeFile(join(folder, 'web.yaml'), DEPLOYMENT);
    await writeFile(join(folder, 'web-3.yaml'), DEPLOYMENT.replace('replicas: 2', 'replicas: 3'));
    await writeFile(join(folder, 'data.txt'), 'one\n');
    await writeFile(join(folder, 'editor'), EDITOR, { mode: 0o755 });
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const version of WANTED_VERSIONS) {
    const program = programs.get(version);
    const skip = program === undefined ? `*** kubectl ${version} is not on this machine ***` : false;

    describe(`kubectl ${version}`, { skip }, () => {
      const namespace = `s${version.replace('.', '-')}`;
      let kubectl: Kubectl;
      const ok = (line: string, ...rest: string[]): Promise<string> =>
        kubectl.ok(`-n ${namespace} ${line}`, ...rest);
      const fails = (line: string, ...rest: string[]): Promise<string> =>
        kubectl.fails(1, `-n ${namespace} ${line}`, ...rest);
      const file = (name: string): string => join(folder, name);
      before(async () => {
        kubectl = world.kubectl('north', program);
        await kubectl.ok('create namespace', namespace);
      });
      after(() => kubectl.ok('delete namespace --wait=false', namespace));

      it('finds its way', async () => {
        assert.match(await ok('version'), /Server Version: /u);
        assert.match(await ok('api-versions'), /^apps\/v1$/mu);
        assert.match(
          await ok('api-resources --namespaced=true -o wide'),
          /^deployments +deploy +apps\/v1 /mu,
        );
        assert.match(await ok('api-resources --api-group=batch -o name'), /^cronjobs\.batch$/mu);
        assert.match(await ok('explain pods --recursive'), /containers/u);
        assert.match(await ok('explain ingress.spec.rules.http.paths'), /pathType/u);
        assert.match(await ok('cluster-info'), /is running at/u);
        assert.match(await ok('get --raw /readyz?verbose'), /readyz check passed/u);
        assert.match(await fails('get podz'), /the server doesn't have a resource type "podz"/u);
        assert.match(await fails('get pods none'), /pods "none" not found/u);
        assert.match(await ok('get nodes'), /Ready/u);
        assert.match(await ok('describe nodes'), /Allocatable/u);
        assert.match(await ok('auth can-i --list'), /Resources/u);
        assert.equal((await ok('auth can-i create pods')).trim(), 'yes');
        assert.match(await ok('auth whoami'), /Username/u);
      });

      it('creates with every generator', async () => {
        await ok(`create configmap settings --from-literal=a=1 --from-file=${file('data.txt')}`);
        await ok('create secret generic hidden --from-literal=key=value');
        await ok(
          'create secret docker-registry pulls --docker-server=r.example --docker-username=u --docker-password=p',
        );
        await ok('create serviceaccount robot');
        await ok('create role reader --verb=get,list --resource=pods');
        await ok(`create rolebinding readers --role=reader --serviceaccount=${namespace}:robot`);
        await ok(`create clusterrole all-${namespace} --verb=get --resource=nodes`);
        await ok(`create clusterrolebinding all-${namespace} --clusterrole=all-${namespace} --user=eve`);
        await ok('create quota few --hard=pods=50');
        await ok('create poddisruptionbudget calm --selector=app=web --min-available=1');
        await ok('create job once --image=busybox:1.36 -- true');
        await ok('create cronjob nightly --image=busybox:1.36 --schedule', '0 3 * * *');
        await ok('create ingress front --rule=example.org/=web:80');
        await ok('create service clusterip plain --tcp=80:8080');
        await ok('create service nodeport outside --tcp=80:8080');
        await ok(`create priorityclass high-${namespace} --value=1000`);
        await ok('run alone --image=busybox:1.36 --restart=Never -- sleep 1000');
        assert.match(await ok('get configmap settings -o yaml'), /data\.txt: \|/u);
        assert.equal(await ok('get secret hidden -o', 'go-template={{.data.key}}'), 'dmFsdWU=');
        await ok(`delete clusterrole,clusterrolebinding all-${namespace}`);
        await ok(`delete priorityclass high-${namespace}`);
      });

      it('applies, compares and changes', async () => {
        assert.match(
          await ok(`apply -f ${file('web.yaml')} --dry-run=server`),
          /created \(server dry run\)/u,
        );
        assert.match(await ok(`apply -f ${file('web.yaml')}`), /web created/u);
        assert.match(await ok(`apply -f ${file('web.yaml')}`), /unchanged/u);
        const difference = await kubectl.try([`-n ${namespace} diff -f ${file('web-3.yaml')}`]);
        assert.deepEqual([difference.code, /^\+ {2}replicas: 3$/mu.test(difference.stdout)], [1, true]);
        assert.match(await ok('rollout status deployment/web --timeout=40s'), /successfully rolled out/u);
        await ok('label deployment web tier=front');
        await ok('label deployment web tier=back --overwrite');
        await ok('annotate deployment web kubernetes.io/change-cause=first');
        await ok('patch deployment web -p', '{"metadata":{"labels":{"a":"b"}}}');
        await ok('patch deployment web --type=merge -p', '{"metadata":{"labels":{"a":null}}}');
        await ok(
          'patch deployment web --type=json -p',
          '[{"op":"add","path":"/metadata/labels/c","value":"d"}]',
        );
        assert.equal(
          await ok('get deployment web -o', 'jsonpath={.metadata.labels}'),
          '{"app":"web","c":"d","tier":"back"}',
        );
        await ok('set image deployment/web main=nginx:1.28');
        await ok('set env deployment/web LEVEL=high');
        await ok('set resources deployment/web --limits=memory=64Mi');
        assert.match(await ok('rollout status deployment/web --timeout=40s'), /successfully/u);
        assert.match(await ok('rollout history deployment/web'), /REVISION/u);
        await ok('rollout undo deployment/web');
        await ok('rollout restart deployment/web');
        await ok('rollout pause deployment/web');
        await ok('rollout resume deployment/web');
        await ok('scale deployment web --replicas=1 --current-replicas=2');
        await ok('autoscale deployment web --min=1 --max=3 --cpu-percent=50');
        assert.match(await ok('get hpa'), /Deployment\/web/u);
        await ok('expose deployment web --port=80');
        const edited = await kubectl.try([`-n ${namespace} edit deployment web`], {
          env: { KUBE_EDITOR: file('editor') },
        });
        assert.match(edited.stdout, /deployment\.apps\/web edited/u, edited.stderr);
        const replaced = await ok('get configmap settings -o json');
        await kubectl.okWith(replaced.replace('"a": "1"', '"a": "2"'), `-n ${namespace} replace -f -`);
        assert.match(await kubectl.okWith(replaced, `-n ${namespace} replace --force -f -`), /replaced/u);
      });

      it('applies by the server, with conflicts', async () => {
        const map = (value: string): string =>
          `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned"},"data":{"x":"${value}"}}`;
        const apply = (value: string, flags: string): Promise<Outcome> =>
          kubectl.try([`-n ${namespace} apply --server-side ${flags} -f -`], { input: map(value) });
        assert.equal((await apply('1', '--field-manager=one')).code, 0);
        const refused = await apply('2', '--field-manager=two');
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /conflict with "one": \.data\.x/u);
        assert.equal((await apply('2', '--field-manager=two --force-conflicts')).code, 0);
        assert.match(await ok('get configmap owned -o yaml --show-managed-fields'), /manager: two/u);
        assert.match(await ok('apply view-last-applied deployment web'), /kind: Deployment/u);
      });

      it('shows in every form', async () => {
        for (const output of [
          'wide',
          'yaml',
          'json',
          'name',
          'custom-columns=N:.metadata.name',
          'jsonpath={.items[0].metadata.name}',
        ])
          assert.notEqual(await ok('get deployments -o', output), '', output);
        assert.match(await ok('get all'), /service\/web/u);
        assert.match(await ok('get pods --show-labels -l app=web'), /pod-template-hash/u);
        await ok('get pods --field-selector=status.phase=Running,spec.restartPolicy=Always');
        await ok('get pods --sort-by=.metadata.name');
        await ok('get events');
        await ok('events --for deployment/web');
        await ok('get pods -A --chunk-size=1');
        await ok(
          'get configmaps,secrets,serviceaccounts,roles,rolebindings,resourcequotas,pdb,jobs,cronjobs,ingresses,services,endpoints,endpointslices,hpa -o wide',
        );
        assert.match(await ok('describe deployment web'), /Pod Template/u);
        assert.match(await ok('describe pods'), /Containers:/u);
        for (const kind of [
          'service web',
          'hpa web',
          'job once',
          'cronjob nightly',
          'ingress front',
          'configmap settings',
          'secret hidden',
          'quota few',
          'pdb calm',
          'serviceaccount robot',
          'role reader',
          'rolebinding readers',
        ])
          assert.match(await ok(`describe ${kind}`), /Name:/u, kind);
        assert.match(await ok(`describe namespace ${namespace}`), /Status: +Active/u);
      });

      it('waits, follows, evicts and deletes', async () => {
        await ok('wait --for=condition=Available deployment/web --timeout=40s');
        await ok('wait --for=condition=Ready pod -l app=web --timeout=40s');
        using watching = kubectl.start(`-n ${namespace} get configmaps -w`);
        await eventually(
          'the watch begins',
          async () => watching.text,
          (text) => text.includes('settings'),
        );
        await ok('create configmap later');
        await eventually(
          'the watch goes on',
          async () => watching.text,
          (text) => text.includes('later'),
        );
        const [node] = rowsOf(await ok('get nodes'));
        await ok(`cordon ${node?.['NAME']}`);
        assert.match(await ok('get nodes'), /SchedulingDisabled/u);
        // Of one replica, one is to be available: it may not be evicted.
        assert.match(await ok('get pdb calm -o', 'jsonpath={.status.disruptionsAllowed}'), /^0$/u);
        await ok('delete pdb calm');
        assert.match(
          await ok(
            `drain ${node?.['NAME']} --dry-run=server --ignore-daemonsets --delete-emptydir-data --force`,
          ),
          /drained/u,
        );
        await ok(`uncordon ${node?.['NAME']}`);
        await ok(`taint node ${node?.['NAME']} a=b:PreferNoSchedule`);
        await ok(`taint node ${node?.['NAME']} a-`);
        assert.match(await fails('top pods'), /Metrics API not available/u);
        await ok('delete pod alone --now');
        await ok('delete pods -l app=web --wait=false');
        await ok('delete deployment web --cascade=orphan');
        assert.match(await ok('get replicasets'), /web-/u);
        await ok('delete replicasets -l app=web --cascade=foreground');
        await ok('delete configmaps --all');
        await ok('delete pod none --ignore-not-found');
        assert.match(await fails('delete pod none'), /not found/u);
        await ok('delete all --all --wait=false');
      });
    });
  }
});
