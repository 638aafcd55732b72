import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goProject, peerFolder } from '../../bench/kubernetes-modules.ts';

const FOLDER = peerFolder('conformance');

/** What is run, where it has been built: Kubernetes' own end-to-end tests, their runner, and the images that their pods have. */
export const CONFORMANCE = {
  tests: join(FOLDER, 'e2e.test'),
  runner: join(FOLDER, 'ginkgo'),
  images: join(FOLDER, 'images.tar'),
} as const;

const TESTS = 'k8s.io/kubernetes/test/e2e';
const AGNHOST = 'k8s.io/kubernetes/test/images/agnhost';
const RUNNER = 'github.com/onsi/ginkgo/v2/ginkgo';

/** Waits until it is told to end: the program of the image `pause`. */
const PAUSE = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	<-told
}
`;

/** Builds all of it out of the modules that are published; takes a quarter of an hour on two cores, and some gigabytes. */
function build(): void {
  mkdirSync(join(FOLDER, 'pause'), { recursive: true });
  writeFileSync(join(FOLDER, 'pause', 'main.go'), PAUSE);
  const go = goProject(FOLDER, [TESTS, AGNHOST, RUNNER]);
  const small = ['-ldflags', '-s -w'];
  const programs = { agnhost: join(FOLDER, 'bin', 'agnhost'), pause: join(FOLDER, 'bin', 'pause') };
  go('build', ...small, '-o', programs.agnhost, AGNHOST);
  go('build', ...small, '-o', programs.pause, './pause');
  go('build', '-o', CONFORMANCE.runner, RUNNER);
  const script = fileURLToPath(new URL('images.mjs', import.meta.url));
  const { agnhost, pause } = programs;
  const source = execFileSync('go', ['list', '-f', '{{.Dir}}', AGNHOST], { cwd: FOLDER, encoding: 'utf8' });
  const args = [CONFORMANCE.images, FOLDER, agnhost, pause, source.trim()];
  execFileSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  go('test', '-vet=off', '-c', '-o', CONFORMANCE.tests, TESTS);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
