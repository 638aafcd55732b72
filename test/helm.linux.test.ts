import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { output, run } from './command.ts';
import { eventually } from './eventually.ts';
import { rowsOf } from './kubectl.ts';
import { ROOT, World } from './world.ts';

/** The Helm that is tested, by its Go module. */
const HELMS = [
  { version: 'v3.22.0', module: 'helm.sh/helm/v3/cmd/helm' },
  { version: 'v4.3.1', module: 'helm.sh/helm/v4/cmd/helm' },
];

/** The longest that building one may take, in milliseconds; it is left out then. */
const BUILD_MS_MAX = 240_000;

/** A chart with what charts have beside a web server: a kind of its own, a hook, a StatefulSet, and Helm's functions. */
const DATA_CHART: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: data\nversion: 0.1.0\nappVersion: "1"\nkubeVersion: ">=1.27.0-0"\n',
  'values.yaml': 'replicas: 1\nlevel: low\n',
  'crds/boxes.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boxes.helm.example}
spec:
  group: helm.example
  scope: Namespaced
  names: {plural: boxes, singular: box, kind: Box, listKind: BoxList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer}}}}
`,
  'templates/all.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
  labels: {app.kubernetes.io/managed-by: {{ .Release.Service }}}
data:
  level: {{ .Values.level | quote }}
  policy: {{ .Capabilities.APIVersions.Has "policy/v1" | quote }}
  found: {{ (lookup "v1" "Namespace" "" "default").metadata.name | default "none" | quote }}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-hidden}
stringData: {key: {{ .Values.level | b64enc }}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  serviceName: {{ .Release.Name }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
      annotations: {checksum: {{ .Values | toYaml | sha256sum }}}
    spec:
      containers: [{name: main, image: "redis:7"}]
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {clusterIP: None, selector: {app: {{ .Release.Name }}}, ports: [{port: 6379}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }}}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: {{ .Release.Name }}}}}
---
apiVersion: helm.example/v1
kind: Box
metadata: {name: {{ .Release.Name }}}
spec: {size: {{ .Values.replicas }}}
`,
  'templates/hook.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-hook
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
data: {revision: {{ .Release.Revision | quote }}}
`,
};

describe('Helm installs, upgrades, rolls back and removes charts', () => {
  let world: World;
  let folder: string;

  before(async () => {
    world = await World.empty();
    folder = await mkdtemp(join(tmpdir(), 'skerry-helm-'));
    await world.up('--no-example', '--runtime', 'simulated', '--sites', 'north');
    for (const [name, text] of Object.entries(DATA_CHART)) {
      await mkdir(dirname(join(folder, 'data', name)), { recursive: true });
      await writeFile(join(folder, 'data', name), text);
    }
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const { version, module } of HELMS) {
    it(`Helm ${version}`, async (test) => {
      const program = await helmOf(module, version);
      if (program === undefined) return test.skip(`*** Helm ${version} is not here and cannot be built ***`);
      const kubectl = world.kubectl('north');
      const namespace = version.replaceAll('.', '-');
      const home = join(folder, version);
      const env = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
      const helm = (...args: string[]): Promise<string> =>
        output(
          program,
          ['--kubeconfig', world.kubeconfig, '--kube-context', 'north', '-n', namespace, ...args],
          { env, withinMs: 120_000, cwd: folder },
        );
      const replicasOf = (kind: string): Promise<string> =>
        kubectl.ok(`-n ${namespace} get ${kind} -o jsonpath={.items[*].spec.replicas}`);
      await mkdir(home, { recursive: true });
      if (!existsSync(join(folder, 'web'))) await helm('create', 'web');
      const wait = ['--wait', '--timeout', '60s'];

      const web = ['./web', '--set', 'image.tag=1.27,ingress.enabled=true', ...wait];
      assert.match(await helm('install', 'web', ...web, '--create-namespace'), /STATUS: deployed/u);
      await helm('upgrade', 'web', ...web, '--set', 'replicaCount=2,autoscaling.enabled=false');
      assert.equal(await replicasOf('deployments'), '2');
      await helm('rollback', 'web', '1', ...wait);
      assert.equal(await replicasOf('deployments'), '1');
      assert.match(await helm('get', 'manifest', 'web'), /kind: Deployment/u);

      await helm('install', 'data', './data', ...wait);
      await helm('upgrade', 'data', './data', '--set', 'replicas=2,level=high', ...wait);
      const settings = await kubectl.json<{ data: Record<string, string> }>(
        `-n ${namespace} get configmap data-settings`,
      );
      assert.deepEqual(settings.data, { level: 'high', policy: 'true', found: 'default' });
      assert.equal(await replicasOf('statefulsets'), '2');
      assert.equal(await kubectl.ok(`-n ${namespace} get boxes -o jsonpath={.items[*].spec.size}`), '2');
      await helm('rollback', 'data', '1', ...wait);
      assert.equal(await replicasOf('statefulsets'), '1');
      assert.deepEqual(
        rowsOf(await helm('list')).map((row) => row['STATUS'] ?? ''),
        ['deployed', 'deployed'],
      );
      assert.equal((await helm('history', 'data')).trimEnd().split('\n').length, 4);

      for (const release of ['web', 'data']) await helm('uninstall', release, ...wait);
      await eventually(
        'nothing of it is left',
        () => kubectl.ok(`-n ${namespace} get all,secrets,pdb,boxes,ingresses -o name`),
        (text) => text.trim() === '',
      );
    });
  }
});

/** Helm's program: built once with Go and kept; undefined where that cannot be done. */
async function helmOf(module: string, version: string): Promise<string | undefined> {
  const folder = join(ROOT, '.cache/helm', version);
  const program = join(folder, 'helm');
  if (existsSync(program)) return program;
  const env = { GOBIN: folder, CGO_ENABLED: '0' };
  const arguments_ = ['install', '-ldflags=-s -w', `${module}@${version}`];
  const built = await run('go', arguments_, { env, cwd: tmpdir(), withinMs: BUILD_MS_MAX }).catch(
    (error: unknown) => ({ code: -1, stdout: '', stderr: String(error) }),
  );
  if (built.code === 0) return program;
  console.log(`# *** Helm ${version} could not be built: ${built.stderr.slice(-300)} ***`);
  return undefined;
}
