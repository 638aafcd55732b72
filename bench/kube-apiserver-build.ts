import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = 'v1.33.13';
const FOLDER = fileURLToPath(new URL('../.cache/peers/kube-apiserver', import.meta.url));

/** The kube-apiserver that is measured beside ours, where it has been built. */
export const KUBE_APISERVER = { version: VERSION, program: join(FOLDER, 'kube-apiserver') } as const;

/** Modules that Kubernetes' own module takes from its own tree, and others from where they are published. */
const STAGED = [
  ...[
    'api',
    'apiextensions-apiserver',
    'apimachinery',
    'apiserver',
    'cli-runtime',
    'client-go',
    'cloud-provider',
  ],
  ...[
    'cluster-bootstrap',
    'code-generator',
    'component-base',
    'component-helpers',
    'controller-manager',
    'cri-api',
  ],
  ...[
    'cri-client',
    'csi-translation-lib',
    'dynamic-resource-allocation',
    'endpointslice',
    'externaljwt',
    'kms',
  ],
  ...[
    'kube-aggregator',
    'kube-controller-manager',
    'kube-proxy',
    'kube-scheduler',
    'kubectl',
    'kubelet',
    'metrics',
  ],
  ...['mount-utils', 'pod-security-admission', 'sample-apiserver', 'sample-cli-plugin', 'sample-controller'],
];

/** Builds it with Go (1.24 or later) out of the modules that are published; takes some minutes. */
function build(): void {
  mkdirSync(FOLDER, { recursive: true });
  const published = VERSION.replace('v1.', 'v0.');
  writeFileSync(
    join(FOLDER, 'go.mod'),
    [
      'module peer',
      'go 1.24.0',
      `require k8s.io/kubernetes ${VERSION}`,
      ...STAGED.map((name) => `replace k8s.io/${name} => k8s.io/${name} ${published}`),
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(FOLDER, 'peer.go'),
    '//go:build tools\n\npackage peer\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n',
  );
  const go = (...args: string[]): void => void execFileSync('go', args, { cwd: FOLDER, stdio: 'inherit' });
  go('mod', 'tidy');
  go('build', '-o', KUBE_APISERVER.program, 'k8s.io/kubernetes/cmd/kube-apiserver');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
