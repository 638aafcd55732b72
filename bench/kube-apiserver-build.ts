import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goProject, PEER_VERSION, peerFolder } from './kubernetes-modules.ts';

const FOLDER = peerFolder('kube-apiserver');
const PACKAGE = 'k8s.io/kubernetes/cmd/kube-apiserver';

/** The kube-apiserver that is measured beside ours, where it has been built. */
export const KUBE_APISERVER = { version: PEER_VERSION, program: join(FOLDER, 'kube-apiserver') } as const;

/** Builds it out of the modules that are published; takes some minutes. */
function build(): void {
  goProject(FOLDER, [PACKAGE])('build', '-o', KUBE_APISERVER.program, PACKAGE);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
