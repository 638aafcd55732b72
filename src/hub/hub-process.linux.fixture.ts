import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ApiConnection, connectContext } from '#cli/connect.ts';
import { type KubeContext, readKubeconfig } from '#cli/kubeconfig.ts';
import { onMachine, type TestMachine } from '#store/test-machine.linux.fixture.ts';

/** How long a hub may take until it is ready, in milliseconds. */
const READY_MS_MAX = 30_000;

/** The entry of the command line. */
export const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** A hub in a process of its own, started as a person would. */
export interface HubProcess extends AsyncDisposable {
  readonly folder: string;
  readonly pid: number;
  readonly context: KubeContext;
  readonly connection: ApiConnection;
  /** What it wrote to standard error. */
  readonly log: () => string;
  readonly ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

/** Starts a hub on `folder`, and waits until it is ready. */
export async function startHubProcess(
  folder: string,
  options: {
    args?: readonly string[];
    env?: Record<string, string>;
    port?: number;
    /** Here, on loopback, where absent. */
    machine?: TestMachine;
  } = {},
): Promise<HubProcess> {
  const port = options.port ?? (await freePort());
  const child = spawn(
    ...onMachine(options.machine, process.execPath, [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'hub',
      '--data',
      folder,
      '--listen',
      `${options.machine?.address ?? '127.0.0.1'}:${port}`,
      ...(options.args ?? []),
    ]),
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        ...options.env,
        NODE_COMPILE_CACHE: `${dirname(dirname(MAIN))}/.cache/compiled`,
      },
    },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-20_000);
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const context = await ready(child, { folder, port, log: () => log });
  const connection = connectContext(context);
  return {
    folder,
    pid: child.pid ?? 0,
    context,
    connection,
    log: () => log,
    ended,
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

async function ready(
  child: ChildProcess,
  { folder, port, log }: { folder: string; port: number; log: () => string },
): Promise<KubeContext> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  for (;;) {
    const context = readContextFile(`${folder}/kubeconfig`);
    if (context?.server.endsWith(`:${port}`) === true) {
      using connection = connectContext(context);
      if ((await connection.unreadiness()) === undefined) return context;
    }
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill('SIGKILL');
      throw new Error(`the hub on ${folder} did not become ready: ${log()}`);
    }
    await sleep(50);
  }
}

function readContextFile(path: string): KubeContext | undefined {
  try {
    return readKubeconfig(readFileSync(path, 'utf8'))[0];
  } catch {
    // Not there yet.
    return undefined;
  }
}

/** A port of loopback that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await once(server.close(), 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}
