import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandOptions, type Outcome, run } from './command.ts';
import { eventually } from './eventually.ts';
import { Kubectl } from './kubectl.ts';
import { residueOf, tracesOf } from './residue.ts';

/** The repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** So much of the end of a log is shown where something fails, in characters. */
const LOG_TAIL = 3000;

/** Runs `npx skerry` as a person would, from the repository. */
export function skerry(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return run('npx', ['skerry', ...args], { withinMs: 200_000, cwd: ROOT, ...options });
}

/** A hub with sites on this machine, in a data folder of its own. */
export class World implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly kubeconfig: string;
  /** Removed with it: the data folder may lie deeper. */
  readonly #parent: string;

  constructor(parent: string, port: number, folder: string = join(parent, 'data')) {
    this.#parent = parent;
    this.folder = folder;
    this.port = port;
    this.kubeconfig = `${folder}/kubeconfig`;
  }

  /** A world in which nothing runs yet. */
  static async empty(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'skerry-')), await freePort());
  }

  /** `skerry up --detach` with this world's folder and port, whatever comes of it. */
  tryUp(args: readonly string[] = [], options: CommandOptions = {}): Promise<Outcome> {
    return skerry(['up', '--detach', '--data', this.folder, '--port', String(this.port), ...args], options);
  }

  /** `skerry up --detach`; it must succeed. */
  async up(...args: string[]): Promise<Outcome> {
    const outcome = await this.tryUp(args);
    if (outcome.code !== 0) {
      assert.fail(
        `skerry up ended with ${outcome.code}: ${outcome.stdout}${outcome.stderr}${await this.logs()}`,
      );
    }
    return outcome;
  }

  /** The ends of the logs of hub and sites. */
  async logs(): Promise<string> {
    const sites = existsSync(`${this.folder}/sites`) ? readdirSync(`${this.folder}/sites`) : [];
    const paths = [`${this.folder}/hub/hub.log`, ...sites.map((name) => `${this.site(name)}/site.log`)];
    return paths
      .filter((path) => existsSync(path))
      .map((path) => `--- ${path}\n${readFileSync(path, 'utf8').slice(-LOG_TAIL)}\n`)
      .join('');
  }

  kubectl(context: string, program?: string): Kubectl {
    return new Kubectl(this.kubeconfig, context, program);
  }

  site(name: string): string {
    return `${this.folder}/sites/${name}`;
  }

  /** Process id of the hub. */
  hubPid(): Promise<number> {
    return pidIn(`${this.folder}/hub/hub.pid`);
  }

  /** Process id of a site's process. */
  sitePid(name: string): Promise<number> {
    return pidIn(`${this.site(name)}/site.pid`);
  }

  /** Purges everything; fails where anything is left of it on this machine, and keeps the folder where it cannot. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(this.folder)) {
      const traces = tracesOf(this.folder);
      const { code, stderr } = await skerry(['down', '--purge', '--data', this.folder]);
      assert.equal(code, 0, `skerry down --purge --data ${this.folder} ended with ${code}: ${stderr}`);
      assert.deepEqual(await residueOf(traces), [], 'a purge leaves nothing');
    }
    await rm(this.#parent, { recursive: true, force: true });
  }
}

async function pidIn(path: string): Promise<number> {
  const pid = Number(await readFile(path, 'utf8'));
  assert.ok(Number.isInteger(pid) && pid > 1, `${path} holds no process id`);
  return pid;
}

/** Kills a process as a crash would, and waits until it is gone. */
export async function crash(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await eventually(
    `process ${pid} ends`,
    () => isAlive(pid),
    (alive) => !alive,
    5000,
  );
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /u.test(stat);
  } catch {
    // There is no such process.
    return false;
  }
}

/** A TCP port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
