import { createHash } from 'node:crypto';
import { createContainerdRuntime } from '#cri/containerd.ts';
import { type ContainerdBinaries, findContainerdBinaries } from '#cri/containerd-binaries.ts';
import {
  type ContainerdFacts,
  type ContainerdLayout,
  containerdConfig,
  mirrorHosts,
} from '#cri/containerd-config.ts';
import { lastErrorOf, readContainerdFacts } from '#cri/containerd-facts.ts';
import { PAUSE_IMAGE, pauseImageArchive } from '#cri/pause-image.ts';
import { type Runtime, RuntimeRequestError, RuntimeUnavailableError } from '#cri/runtime.ts';
import { createBackoff } from '#system/backoff.ts';
import { pause } from '#system/clock.ts';
import type { ChildProcess } from '#system/process.ts';
import type { System } from '#system/system.ts';

/** How long a containerd may take from its start to its first answer, in milliseconds: a cold disk after a power loss. */
const START_TIMEOUT_MS = 60_000;

/** How long it may take to end after SIGTERM, in milliseconds; then it is killed. */
const STOP_TIMEOUT_MS = 10_000;

/** Between two looks at a process or socket that is coming or going, in milliseconds. */
const COMING_POLL_MS = 25;

/** Between two looks at whether containerd is still there, in milliseconds. */
const ALIVE_POLL_MS = 1000;

const RESTART_DELAY_MS = { firstMs: 500, maxMs: 30_000 };

/** After so many milliseconds of life an end is a new trouble, not the same. */
const HEALTHY_MS = 60_000;

/** The log is set aside when it is longer than this at a start, in bytes; one older log is kept. */
const LOG_BYTES_MAX = 4 * 1024 * 1024;

/** So much of the log's end is searched for the reason of a failed start, in bytes. */
const LOG_TAIL_BYTES = 16 * 1024;

/** What the service asks of the machine. */
export type ContainerdSystem = Pick<System, 'clock' | 'random' | 'disk' | 'processes' | 'log'>;

export interface ContainerdOptions {
  readonly system: ContainerdSystem;
  readonly layout: ContainerdLayout;
  /** `PATH` of this process. */
  readonly searchPath: string;
}

/** What the pid file remembers of the running containerd. */
interface Running {
  readonly pid: number;
  /** Hash of the configuration it was started with. */
  readonly config: string;
}

/**
 * A site's own containerd: started in a session of its own, so that it and every container outlive the site's process,
 * taken over by the next one, and started again when it ends. Containers run on through all of it.
 */
export class ContainerdService implements AsyncDisposable {
  readonly layout: ContainerdLayout;
  /** The runtime; of the service's life. */
  readonly runtime: Runtime;
  readonly #system: ContainerdSystem;
  readonly #binaries: ContainerdBinaries;
  readonly #facts: ContainerdFacts;
  readonly #config: string;
  readonly #stop = new AbortController();
  #running: { readonly pid: number; readonly ended?: ChildProcess['ended'] } | undefined;
  #supervision: Promise<void> = Promise.resolve();

  private constructor(options: ContainerdOptions, facts: ContainerdFacts) {
    this.#system = options.system;
    this.layout = options.layout;
    this.#binaries = facts.binaries;
    this.#facts = facts;
    this.#config = containerdConfig(options.layout, facts);
    this.runtime = createContainerdRuntime({
      socketPath: options.layout.socketPath,
      clock: options.system.clock,
    });
  }

  /**
   * Takes over the containerd that runs with this layout and this configuration, or starts one; resolves when it answers
   * and has the pause image. Throws `MissingProgramsError` where programs are missing, and an error with containerd's own
   * words where it does not start.
   */
  static async start(options: ContainerdOptions): Promise<ContainerdService> {
    const { disk } = options.system;
    const binaries = await findContainerdBinaries(disk, options.searchPath);
    const service = new ContainerdService(
      options,
      await readContainerdFacts(disk, { binaries, dataFolder: options.layout.dataFolder }),
    );
    try {
      await service.#bringUp();
      await service.#importPauseImage();
    } catch (error) {
      await service.runtime[Symbol.asyncDispose]();
      throw error;
    }
    service.#supervision = service.#supervise();
    return service;
  }

  /** Process id of containerd; undefined between an end and the next start. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Imports an OCI or Docker archive; resolves to the names of its images once the runtime has them. */
  async importImage(archivePath: string): Promise<string[]> {
    const { ctr } = this.#binaries;
    const client = ['--address', this.layout.socketPath, '--namespace', 'k8s.io'];
    const result = await this.#system.processes.run(ctr, [
      ...client,
      'images',
      'import',
      '--snapshotter',
      this.#facts.snapshotter,
      archivePath,
    ]);
    if (result.code !== 0) {
      throw new Error(`the image archive "${archivePath}" could not be imported: ${result.stderr.trim()}`);
    }
    const names = [...result.stdout.matchAll(/^unpacking (\S+) \(/gmu)].map((match) => match[1] ?? '');
    // The runtime learns of it by an event of its own.
    for (const name of names)
      await this.#until(async () => (await this.runtime.imageStatus(name)) !== undefined, name);
    return names;
  }

  /** Sends every pull through a registry mirror at `url`, and nowhere else; with undefined, to the registries themselves. */
  async useMirror(url: string | undefined): Promise<void> {
    const path = `${this.layout.registriesFolder}/_default/hosts.toml`;
    if (url === undefined) await this.#system.disk.remove(path);
    else await this.#system.disk.write(path, mirrorHosts(url));
  }

  /** Ends the supervision and containerd; containers run on. */
  async stop(): Promise<void> {
    await this[Symbol.asyncDispose]();
    if (this.#running !== undefined) await this.#end(this.#running.pid);
    this.#running = undefined;
  }

  /** Ends the supervision; containerd and its containers run on. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#supervision;
    await this.runtime[Symbol.asyncDispose]();
  }

  async #bringUp(): Promise<void> {
    const { disk } = this.#system;
    const config = createHash('sha256').update(this.#config).digest('hex');
    const left = parseRunning(await disk.read(this.layout.pidPath));
    if (left !== undefined && (await this.#isAlive(left.pid))) {
      if (left.config === config && (await this.#answersWithin(START_TIMEOUT_MS / 4, left.pid))) {
        this.#running = { pid: left.pid };
        this.#system.log.info('containerd taken over', { pid: left.pid });
        return;
      }
      await this.#end(left.pid);
    }
    await this.#startProcess(config);
  }

  async #startProcess(config: string): Promise<void> {
    const { disk, processes, log } = this.#system;
    const { layout } = this;
    await disk.write(layout.configPath, this.#config);
    for (const folder of [layout.rootFolder, layout.cniConfigFolder, layout.registriesFolder])
      await disk.makeFolder(folder);
    await disk.makeFolder(layout.runFolder);
    await this.#setLogAside();
    const child = await processes.start(this.#binaries.containerd, ['--config', layout.configPath], {
      logPath: layout.logPath,
      // It is not the service whose readiness systemd waits for.
      env: { PATH: this.#binaries.path, NOTIFY_SOCKET: '' },
    });
    const running: Running = { pid: child.pid, config };
    await disk.write(layout.pidPath, JSON.stringify(running));
    if (!(await this.#answersWithin(START_TIMEOUT_MS, child.pid))) {
      const alive = await this.#isAlive(child.pid);
      if (alive) await this.#end(child.pid);
      const what = alive ? `did not answer within ${START_TIMEOUT_MS / 1000} s` : 'ended while starting';
      throw new Error(`containerd ${what}: ${await this.#lastError()}`);
    }
    this.#running = { pid: child.pid, ended: child.ended };
    log.info('containerd started', { pid: child.pid });
  }

  async #importPauseImage(): Promise<void> {
    if ((await this.runtime.imageStatus(PAUSE_IMAGE)) !== undefined) return;
    const archivePath = `${this.layout.dataFolder}/pause.tar`;
    await this.#system.disk.write(archivePath, pauseImageArchive());
    await this.importImage(archivePath);
  }

  async #supervise(): Promise<void> {
    const { clock, random, log } = this.#system;
    const { signal } = this.#stop;
    const backoff = createBackoff(random, RESTART_DELAY_MS);
    while (!signal.aborted) {
      const sinceMs = clock.monotonic();
      await this.#watchUntilEnded();
      if (signal.aborted) return;
      if (clock.monotonic() - sinceMs >= HEALTHY_MS) backoff.reset();
      this.#running = undefined;
      const delayMs = backoff.next();
      log.warn('containerd ended; its containers run on; starting it again', { delayMs });
      await pause(clock, delayMs, signal);
      if (!signal.aborted) await this.#tryBringUp();
    }
  }

  async #tryBringUp(): Promise<void> {
    try {
      await this.#bringUp();
      await this.#importPauseImage();
    } catch (error) {
      this.#system.log.error('containerd cannot be started', { error });
    }
  }

  /** Resolves when the process is gone, or at once where there is none, or when the supervision ends. */
  async #watchUntilEnded(): Promise<void> {
    const { clock } = this.#system;
    const { signal } = this.#stop;
    const running = this.#running;
    while (running !== undefined && !signal.aborted && (await this.#isAlive(running.pid))) {
      const nap = new AbortController();
      const pausing = pause(clock, ALIVE_POLL_MS, AbortSignal.any([signal, nap.signal]));
      await (running.ended === undefined ? pausing : Promise.race([pausing, running.ended]));
      nap.abort();
    }
  }

  /** Whether the socket answers within a time; no, at once, where the process ends. */
  async #answersWithin(timeoutMs: number, pid: number): Promise<boolean> {
    const { clock } = this.#system;
    const deadlineMs = clock.monotonic() + timeoutMs;
    while (clock.monotonic() < deadlineMs && !this.#stop.signal.aborted) {
      if (await isAnswering(this.runtime)) return true;
      if (!(await this.#isAlive(pid))) return false;
      await pause(clock, COMING_POLL_MS, this.#stop.signal);
    }
    return false;
  }

  /** SIGTERM, then SIGKILL. */
  async #end(pid: number): Promise<void> {
    const { clock, processes } = this.#system;
    for (const name of ['SIGTERM', 'SIGKILL'] as const) {
      const deadlineMs = clock.monotonic() + STOP_TIMEOUT_MS;
      processes.signal(pid, name);
      while (clock.monotonic() < deadlineMs) {
        if (!(await this.#isAlive(pid))) return;
        await pause(clock, COMING_POLL_MS, new AbortController().signal);
      }
    }
    throw new Error(`containerd (process ${pid}) does not end`);
  }

  /** The id may be another's by now: its command line must name our configuration. */
  #isAlive(pid: number): Promise<boolean> {
    return this.#system.processes.isAlive(pid, this.layout.configPath);
  }

  async #until(holds: () => Promise<boolean>, what: string): Promise<void> {
    const { clock } = this.#system;
    const deadlineMs = clock.monotonic() + STOP_TIMEOUT_MS;
    while (!(await holds())) {
      if (clock.monotonic() > deadlineMs)
        throw new Error(`the runtime does not know the imported image "${what}"`);
      await pause(clock, COMING_POLL_MS, this.#stop.signal);
    }
  }

  async #setLogAside(): Promise<void> {
    const { disk } = this.#system;
    const stat = await disk.stat(this.layout.logPath);
    if (stat !== undefined && stat.sizeBytes > LOG_BYTES_MAX) {
      await disk.rename(this.layout.logPath, `${this.layout.logPath}.1`);
    }
  }

  async #lastError(): Promise<string> {
    const { disk } = this.#system;
    const size = (await disk.stat(this.layout.logPath))?.sizeBytes ?? 0;
    const tail = await disk.readRange(
      this.layout.logPath,
      Math.max(0, size - LOG_TAIL_BYTES),
      LOG_TAIL_BYTES,
    );
    return lastErrorOf(Buffer.from(tail ?? []).toString('utf8'));
  }
}

/** Whether the runtime behind the socket answers; a CRI plugin that is still loading does not yet. */
async function isAnswering(runtime: Runtime): Promise<boolean> {
  try {
    await runtime.version();
    return true;
  } catch (error) {
    if (error instanceof RuntimeUnavailableError || error instanceof RuntimeRequestError) return false;
    throw error;
  }
}

function parseRunning(content: Uint8Array | undefined): Running | undefined {
  if (content === undefined) return undefined;
  try {
    const value = JSON.parse(Buffer.from(content).toString('utf8')) as Partial<Running>;
    return typeof value.pid === 'number' && typeof value.config === 'string'
      ? { pid: value.pid, config: value.config }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
