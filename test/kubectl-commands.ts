/** What kubectl is told in the folder of {@link files}, in an order in which each finds what it needs. */
export interface Command {
  /** As a person types it, apart by blanks; `*` stands for the quoted words in turn. */
  readonly line: string;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It runs on by itself: it is stopped once it has printed this, and so many requests are answered. */
  readonly until?: { readonly text: RegExp; readonly requests: number };
  /** The deployment must be at rest. */
  readonly settled?: boolean;
  /** The oldest kubectl that has it, its minor version. */
  readonly since?: number;
}

const deployment = (replicas: number, image: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image }] },
      },
    },
  });

const talker = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'talker', labels: { role: 'talker' } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'nginx:1.27' }] },
});

const settings = (value: string, resourceVersion?: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    data: { key: value },
  });

/** The files that the commands read, by name. */
export const files: Readonly<Record<string, string>> = {
  'review.json': JSON.stringify({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: 'eve', resourceAttributes: { verb: 'get', resource: 'pods' } },
  }),
  'web.json': deployment(1, 'nginx:1.27'),
  'web-2.json': deployment(2, 'nginx:1.27'),
  'talker.json': talker,
  'settings.json': settings('one'),
  'settings-2.json': settings('two'),
  'settings-3.json': settings('three'),
  'settings-stale.json': settings('four', '1'),
  'patch.json': '[{"op":"add","path":"/metadata/labels/c","value":"d"}]',
  'data.txt': 'some data\n',
  editor: `#!/bin/sh\nexec sed -i 's/two/edited/' "$1"\n`,
};

/** Some ways of use that differ in what they ask the server. */
export const commands: readonly Command[] = [
  { line: 'version' },
  { line: 'api-versions' },
  { line: 'api-resources' },
  { line: 'cluster-info' },
  { line: 'config view' },
  { line: 'auth whoami' },
  { line: 'auth can-i create pods' },
  { line: 'auth can-i --list' },
  { line: 'get --raw /readyz' },
  { line: 'get componentstatuses' },
  { line: 'create -f review.json -o yaml' },
  { line: 'explain deployment.spec.strategy' },
  { line: 'create namespace golden' },
  { line: 'create -f settings.json' },
  { line: 'create configmap literal --from-literal=a=b' },
  { line: 'create secret generic hidden --from-literal=a=b' },
  { line: 'create serviceaccount robot' },
  { line: 'create token robot' },
  { line: 'create role reader --verb=get --resource=pods' },
  { line: 'apply -f web.json' },
  { line: 'apply -f web.json' },
  { line: 'diff -f web-2.json', settled: true },
  { line: 'apply -f web-2.json --dry-run=server' },
  { line: 'apply -f web-2.json', settled: true },
  { line: 'apply -f web-2.json --prune -l app=web --prune-allowlist=core/v1/Service', settled: true },
  { line: 'rollout status deployment/web --timeout=60s', settled: true },
  { line: 'apply --server-side -f talker.json' },
  { line: 'apply -f settings-2.json' },
  { line: 'apply --server-side --field-manager=other -f settings-3.json' },
  { line: 'apply --server-side --field-manager=other --force-conflicts -f settings-3.json' },
  { line: 'apply -f settings-stale.json' },
  { line: 'replace -f settings-2.json' },
  { line: 'edit configmap settings', env: { KUBE_EDITOR: './editor' } },
  { line: 'wait --for=condition=Ready pod/talker --timeout=60s' },
  { line: 'wait --for=jsonpath=* deployment/web --timeout=60s', words: ['{.spec.replicas}=2'] },
  { line: 'wait --for=create configmap/settings --timeout=60s', since: 31 },
  { line: 'get pods' },
  { line: 'get pod talker' },
  { line: 'get pods -o wide' },
  { line: 'get pods -o yaml' },
  { line: 'get pods -o name' },
  { line: 'get pods -A --sort-by=.metadata.name' },
  { line: 'get pods,services' },
  { line: 'get pods -l role=talker --field-selector=status.phase=Running' },
  { line: 'get all' },
  { line: 'get pods -w', until: { text: /talker/u, requests: 2 } },
  { line: 'get deployment web --subresource=status' },
  { line: 'get pod none' },
  { line: 'get podz' },
  { line: 'describe pod talker' },
  { line: 'describe deployment web' },
  { line: 'describe node NODE' },
  { line: 'events' },
  { line: 'events --for pod/talker' },
  { line: 'logs talker' },
  { line: 'logs talker --tail=1 -f', until: { text: /.+/u, requests: 2 } },
  { line: 'logs -l role=talker' },
  { line: 'exec talker -- echo here' },
  { line: 'cp data.txt talker:/tmp/data.txt' },
  { line: 'port-forward pod/talker PORT:80', until: { text: /Forwarding from/u, requests: 3 } },
  { line: 'debug talker --image=busybox:1.36 --container=helper -- true' },
  { line: 'label pod talker tier=front' },
  { line: 'label pod talker tier=back --overwrite' },
  { line: 'label pods --all tier-', settled: true },
  { line: 'annotate pod talker note=here' },
  { line: 'patch configmap settings -p *', words: ['{"data":{"key":"five"}}'] },
  { line: 'patch configmap settings --type=merge -p *', words: ['{"data":{"key":null}}'] },
  { line: 'patch deployment web --type=json --patch-file=patch.json', settled: true },
  { line: 'patch deployment web --subresource=scale --type=merge -p *', words: ['{"spec":{"replicas":1}}'] },
  { line: 'set image deployment/web main=nginx:1.28', settled: true },
  { line: 'rollout history deployment/web', settled: true },
  { line: 'rollout undo deployment/web', settled: true },
  { line: 'rollout restart deployment/web', settled: true },
  { line: 'rollout pause deployment/web', settled: true },
  { line: 'rollout resume deployment/web' },
  { line: 'scale deployment web --replicas=1', settled: true },
  { line: 'autoscale deployment web --min=1 --max=3' },
  { line: 'expose deployment web --port=80' },
  { line: 'top pods' },
  { line: 'certificate approve someone' },
  { line: 'cordon NODE' },
  { line: 'uncordon NODE' },
  { line: 'taint nodes NODE key=value:PreferNoSchedule' },
  { line: 'taint nodes NODE key-' },
  { line: 'drain NODE --pod-selector=role=talker --force --ignore-daemonsets --dry-run=server' },
  { line: 'drain NODE --pod-selector=role=talker --force --ignore-daemonsets' },
  { line: 'uncordon NODE' },
  { line: 'delete configmap literal' },
  { line: 'delete configmap none --ignore-not-found' },
  { line: 'delete -f settings.json --wait=false' },
  { line: 'delete secrets --all' },
  { line: 'delete role reader --dry-run=server' },
  { line: 'delete deployment web --cascade=orphan --wait=false', settled: true },
  { line: 'delete replicasets -l app=web --cascade=foreground --wait=false' },
  { line: 'delete namespace golden --wait=false' },
];
