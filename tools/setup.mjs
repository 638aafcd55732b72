// Makes this machine ready to start or test Skerry: Debian packages, npm packages, container images. Says each step as
// it is taken; where nothing is to be done, says nothing and takes no time. Runs on Node 18 and later, without packages.
//
//   node tools/setup.mjs --for start|test                    everything
//   node tools/setup.mjs --for modules                       the npm packages alone: never needs root
//   node tools/setup.mjs --for … --then FILE [ARGUMENTS]     and then runs FILE with the project's own Node
//
// The scripts of package.json call this themselves: a user who sets `ignore-scripts`, as careful ones do, has no pretest.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { becomeNode, NODE, ROOT } from '../bin/project-node.mjs';

/** Where programs and CNI plugins are, beside PATH. */
const FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/lib/cni',
  '/opt/cni/bin',
];

/** Tries of an installation; mirrors have bad moments. */
const INSTALL_TRIES = 3;

/** Between two tries, in milliseconds. */
const RETRY_DELAY_MS = 3000;

/** Lines shown of what a failed command said. */
const ERROR_LINES_MAX = 15;

/** The Node that the project brings along. */
const OUR_NODE_MAJOR = 24;

/** Output kept of a command, in bytes; a command that prints more is stopped. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * @typedef {'start' | 'test'} Purpose
 * @typedef {{ package: string, programs: string[], optional?: boolean }} Need
 */

/** What each purpose needs: Debian's package, and the programs by which it is known to be there, however they came. */
const NEEDS = {
  /** @type {Need[]} */
  start: [
    { package: 'containerd', programs: ['containerd', 'ctr', 'containerd-shim-runc-v2'] },
    { package: 'runc', programs: ['runc'] },
    { package: 'containernetworking-plugins', programs: ['bridge', 'host-local', 'loopback'] },
    { package: 'nftables', programs: ['nft'] },
    { package: 'iproute2', programs: ['ip'] },
    { package: 'git', programs: ['git'] },
    { package: 'conntrack', programs: ['conntrack'], optional: true },
  ],
  /** @type {Need[]} */
  test: [
    { package: 'etcd-server', programs: ['etcd'] },
    { package: 'kubernetes-client', programs: ['kubectl'] },
    { package: 'curl', programs: ['curl'] },
  ],
};

/** A step failed; the message says what to do. */
export class SetupError extends Error {}

/**
 * Makes the machine ready. A start that uses no containers needs the npm packages alone.
 * @param {{ purpose: Purpose, containers: boolean }} wanted
 */
export async function setUp({ purpose, containers }) {
  if (containers) await installPackages(purpose === 'test' ? [...NEEDS.start, ...NEEDS.test] : NEEDS.start);
  installModules();
  if (containers) await buildImages(purpose);
}

function say(/** @type {string} */ line) {
  console.error(`setup: ${line}`);
}

async function installPackages(/** @type {Need[]} */ needs) {
  const missing = needs.filter((need) => !need.programs.every(isInstalled));
  const required = missing.filter((need) => need.optional !== true).map((need) => need.package);
  const optional = missing.filter((need) => need.optional === true).map((need) => need.package);
  if (missing.length === 0) return;
  if (!existsSync('/usr/bin/apt-get')) {
    if (required.length === 0) return;
    throw new SetupError(
      `this is neither Debian nor Ubuntu; install what these packages hold there: ${required.join(' ')}`,
    );
  }
  const line = `apt-get install -y ${[...required, ...optional].join(' ')}`;
  if (process.getuid?.() !== 0) {
    if (required.length === 0) return;
    throw new SetupError(`programs are missing; install them with: sudo ${line}`);
  }
  say(line);
  try {
    await aptInstall([...required, ...optional]);
  } catch (error) {
    if (required.length > 0) throw error;
    say(`going on without ${optional.join(', ')}: ${error instanceof Error ? error.message : error}`);
  }
}

function isInstalled(/** @type {string} */ program) {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...path, ...FOLDERS].some((folder) => existsSync(join(folder, program)));
}

async function aptInstall(/** @type {string[]} */ packages) {
  // Old lists may do; where they do not, the installation says why.
  run('apt-get', ['update']);
  const args = ['install', '--yes', '--no-install-recommends', ...packages];
  for (let tries = 1; ; tries++) {
    const failure = run('apt-get', args);
    if (failure === undefined) return;
    if (tries === INSTALL_TRIES) throw new SetupError(failure);
    say(`once more in ${RETRY_DELAY_MS / 1000} s`);
    await sleep(RETRY_DELAY_MS);
  }
}

/** npm keeps a lockfile of its own of what it installed: where that is older than ours, it is done again. */
function installModules() {
  const installed = statSync(join(ROOT, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  const locked = statSync(join(ROOT, 'package-lock.json'));
  if (installed !== undefined && installed.mtimeMs >= locked.mtimeMs) return;
  say('npm ci');
  runNpm(['ci']);
  // npm leaves out without a word what is optional and not meant for the Node that runs it, such as the linter's program
  // on Node 18; run by ours, it brings the rest.
  if (Number.parseInt(process.versions.node, 10) < OUR_NODE_MAJOR)
    runNpm(['install', '--no-save'], [dirname(NODE)]);
}

function runNpm(/** @type {string[]} */ args, /** @type {string[]} */ path = []) {
  const failure = run('npm', [...args, '--ignore-scripts', '--loglevel=error'], path);
  if (failure !== undefined) throw new SetupError(failure);
}

async function buildImages(/** @type {Purpose} */ purpose) {
  const images = await import('../test/images/build.mjs');
  try {
    await images.buildImages(say);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (purpose === 'test') throw new SetupError(`the container images could not be built: ${message}`);
    say(`no container images were built, they will come from their registries: ${message}`);
  }
}

/** Runs a command, found in `first` or on the machine's PATH; undefined, or what went wrong. npm ci replaces our Node. */
function run(
  /** @type {string} */ command,
  /** @type {string[]} */ args,
  /** @type {string[]} */ first = [],
) {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  const env = {
    ...process.env,
    PATH: [...first, ...path].join(':'),
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C.UTF-8',
  };
  const result = spawnSync(command, args, { cwd: ROOT, env, encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX });
  if (result.error !== undefined) return `${command} cannot be run: ${result.error.message}`;
  return result.status === 0 ? undefined : `${command} ${args.join(' ')} failed:\n${excerpt(result.stderr)}`;
}

/** The first lines of what a command complained of: npm adds a page about itself. */
function excerpt(/** @type {string} */ text) {
  return text.trim().split('\n').slice(0, ERROR_LINES_MAX).join('\n');
}

/** Runs a setup, and ends the process with code 1 and one line where it fails. */
export async function setUpOrExit(/** @type {() => void | Promise<void>} */ work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`setup: ${error.message}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [flag, purpose, then, file, ...args] = process.argv.slice(2);
  const known = purpose === 'start' || purpose === 'test' || purpose === 'modules';
  if (flag !== '--for' || !known || (then !== undefined && (then !== '--then' || file === undefined))) {
    console.error('usage: node tools/setup.mjs --for start|test|modules [--then FILE [ARGUMENTS]]');
    process.exit(2);
  }
  await setUpOrExit(() => (purpose === 'modules' ? installModules() : setUp({ purpose, containers: true })));
  // npm puts `.bin` before everything else, with whatever `node` it made there: ours comes first.
  const path = `${dirname(NODE)}:${process.env.PATH ?? ''}`;
  if (file !== undefined) becomeNode([join(ROOT, file), ...args], { ...process.env, PATH: path });
}
