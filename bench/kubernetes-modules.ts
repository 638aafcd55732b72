import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The Kubernetes whose programs are measured and tried beside ours. */
export const PEER_VERSION = 'v1.33.13';

/** Modules that Kubernetes' own module takes from its own tree, and others from where they are published. */
const STAGED = [
  ...['api', 'apiextensions-apiserver', 'apimachinery', 'apiserver', 'cli-runtime', 'client-go'],
  ...['cloud-provider', 'cluster-bootstrap', 'code-generator', 'component-base', 'component-helpers'],
  ...['controller-manager', 'cri-api', 'cri-client', 'csi-translation-lib', 'dynamic-resource-allocation'],
  ...['endpointslice', 'externaljwt', 'kms', 'kube-aggregator', 'kube-controller-manager', 'kube-proxy'],
  ...['kube-scheduler', 'kubectl', 'kubelet', 'metrics', 'mount-utils', 'pod-security-admission'],
  ...['sample-apiserver', 'sample-cli-plugin', 'sample-controller'],
];

/** Of these a client alone is used, and not every release is published. */
const VERSIONS_OF_STAGED: Readonly<Record<string, string>> = { 'sample-apiserver': 'v0.33.0' };

/** Where programs of Kubernetes are built: kept between runs, and never committed. */
export function peerFolder(name: string): string {
  return fileURLToPath(new URL(`../.cache/peers/${name}`, import.meta.url));
}

/** Go (1.24 or later) in a folder with all modules of Kubernetes that `packages` need. */
export function goProject(folder: string, packages: readonly string[]): (...args: string[]) => void {
  mkdirSync(folder, { recursive: true });
  const published = PEER_VERSION.replace('v1.', 'v0.');
  const replaced = STAGED.map(
    (name) => `replace k8s.io/${name} => k8s.io/${name} ${VERSIONS_OF_STAGED[name] ?? published}`,
  );
  const module = ['module peer', 'go 1.24.0', `require k8s.io/kubernetes ${PEER_VERSION}`, ...replaced, ''];
  writeFileSync(join(folder, 'go.mod'), module.join('\n'));
  const imports = packages.map((name) => `import _ "${name}"\n`).join('');
  writeFileSync(join(folder, 'peer.go'), `//go:build tools\n\npackage peer\n\n${imports}`);
  const go = (...args: string[]): void =>
    void execFileSync('go', args, {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  go('mod', 'tidy');
  return go;
}
