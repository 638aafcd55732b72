import { flushCompileCache } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, Option } from 'commander';
import { AUDIT_MODES, type AuditMode } from '#apiserver/audit/auditor.ts';
import { collect, collectLabel, parseCount, parseDuration, parsePort, parseSites } from '#cli/arguments.ts';
import { verifyAudit } from '#cli/audit-verify.ts';
import { backup } from '#cli/backup.ts';
import { connectContext, readContext } from '#cli/connect.ts';
import { down } from '#cli/down.ts';
import { dataLayout, type RuntimeKind } from '#cli/machine.ts';
import { restore } from '#cli/restore.ts';
import { CommandError, type Screen } from '#cli/screen.ts';
import { printFleet } from '#cli/status.ts';
import { createToken } from '#cli/token.ts';
import { up } from '#cli/up.ts';
import { runHub } from '#hub/hub.ts';
import { etcdClientOptions, type HubStoreConfig, readStoreConfig } from '#hub/hub-store.ts';
import { joinAsSite } from '#site/join-site.ts';
import { localMachine } from '#site/local-machine.ts';
import { runSite } from '#site/site.ts';
import { createEtcdClient } from '#store/etcd-client.ts';
import { pause } from '#system/clock.ts';
import { armFailpoints } from '#system/failpoints.ts';
import { realGzipFiles } from '#system/gzip-file.ts';
import { createRealSystem } from '#system/real.ts';
import { splitAddress } from '#system/real-network.ts';
import { SOFTWARE_VERSION } from '#system/version.ts';

/** The repository: manifests of the examples and built images lie beside the sources. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const screen: Screen = {
  print: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
};

/** Longer than any process runs, in milliseconds. */
const FOREVER_MS = 2 ** 45;

/** When an event of the audit log is on the disk. */
function auditModeOption(): Option {
  return new Option('--audit-log-mode <mode>', 'when an event of the audit log is on the disk')
    .choices(AUDIT_MODES)
    .default('batch');
}

interface SiteArguments {
  readonly data: string;
  readonly runtime: RuntimeKind;
  readonly auditLogMode: AuditMode;
  readonly images?: string;
}

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
}

const machine = localMachine(createRealSystem({ level: 'warn' }), {
  nodePath: process.execPath,
  mainPath: fileURLToPath(import.meta.url),
  searchPath: process.env.PATH ?? '',
  isRoot: process.getuid?.() === 0,
});

const dataOption = (): Option =>
  new Option('--data <folder>', 'where everything is kept').default('.skerry').env('SKERRY_DATA');
const runtimeOption = (): Option =>
  new Option('--runtime <kind>', 'what runs the containers')
    .choices(['containerd', 'simulated'])
    .default('containerd');

const program = new Command('skerry')
  .description(
    'Runs containerised applications on thousands of edge sites from one place, and keeps every site running when that place is out of reach.',
  )
  .version(SOFTWARE_VERSION, '-V, --version')
  .showHelpAfterError()
  .exitOverride();

program
  .command('up')
  .description('bring up a hub and sites on this machine, and an example on all of them')
  .addOption(dataOption())
  .addOption(runtimeOption())
  .option('--sites <names>', 'the sites, comma-separated', 'north,south')
  .option('--host <address>', 'address that the hub listens on', '127.0.0.1')
  .option('--port <number>', 'port of the hub', parsePort, 6443)
  .option('--detach', 'return when all is available, and leave it running')
  .option('--no-example', 'do not apply examples/first')
  .action(
    async (options: {
      data: string;
      runtime: RuntimeKind;
      sites: string;
      host: string;
      port: number;
      detach?: boolean;
      example: boolean;
    }) => {
      const signal = untilStopped();
      const layout = dataLayout(resolve(options.data));
      const system = createRealSystem({ level: 'warn' });
      // The hub and the sites start with what was compiled for this process.
      flushCompileCache();
      const upped = await up(
        {
          layout,
          sites: parseSites(options.sites),
          runtime: options.runtime,
          host: options.host,
          port: options.port,
          imageFolder: `${ROOT}/.cache/images`,
          exampleFolder: options.example ? `${ROOT}/examples/first` : undefined,
        },
        machine,
        { system, screen, signal },
      );
      if (options.detach === true) return;
      screen.print('');
      screen.print('Everything runs until you press Ctrl-C.');
      for (const { name, child } of upped.started) {
        void child.ended.then(({ code, signal: by }) => {
          if (!signal.aborted)
            screen.say(
              `${name} ended (${by ?? `code ${code ?? '?'}`}): "npx skerry up --detach" starts it again; the others run on`,
            );
        });
      }
      // A timer keeps this process: the processes that it watches would not.
      await pause(system.clock, FOREVER_MS, signal);
      screen.say('Stopping the sites and their pods, then the hub');
      await down({ layout, purge: false }, machine, { system, screen });
    },
  );

program
  .command('down')
  .description('stop what "up" started; the data stays')
  .addOption(dataOption())
  .option('--purge', 'also remove the data and every trace on this machine')
  .action(async (options: { data: string; purge?: boolean }) => {
    const layout = dataLayout(resolve(options.data));
    await down({ layout, purge: options.purge === true }, machine, {
      system: createRealSystem({ level: 'warn' }),
      screen,
    });
  });

program
  .command('status')
  .description('show sites and applications as the hub sees them')
  .addOption(dataOption())
  .action(async (options: { data: string }) => {
    const { clock, disk } = createRealSystem();
    const context = await readContext(disk, dataLayout(resolve(options.data)).kubeconfig, 'hub');
    using connection = connectContext(context);
    const unready = await connection.unreadiness('healthz');
    if (unready !== undefined)
      throw new CommandError(
        `the hub at ${context.server} does not answer (${unready}); the sites run on without it. Start it again with "npx skerry up"`,
      );
    await printFleet(connection.client, { clock, screen });
  });

interface StoreArguments {
  store: string;
  etcdCa?: string;
  etcdCert?: string;
  etcdKey?: string;
}

/** The store that arguments name; a wrong one is wrong usage. */
function storeOf({ store, etcdCa, etcdCert, etcdKey }: StoreArguments): HubStoreConfig {
  try {
    return readStoreConfig(store, { authorityPath: etcdCa, certificatePath: etcdCert, keyPath: etcdKey });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), { code: 2 });
  }
}

program
  .command('audit')
  .description('the audit log of a hub or a site')
  .command('verify')
  .description('find any line of an audit log that was changed, removed or moved')
  .addOption(dataOption())
  .argument('[files...]', 'log files that follow each other, instead of those in the data folder')
  .action(async (files: string[], options: { data: string }) => {
    const { disk } = createRealSystem();
    await verifyAudit(
      { dataFolder: resolve(options.data), files: files.map((file) => resolve(file)) },
      { disk, screen },
    );
  });

const token = program.command('token').description('permissions for new hosts to join');
token
  .command('create')
  .description('make a join token and print it')
  .addOption(dataOption())
  .option('--site <name>', 'the only site that may join with it')
  .option('--label <key=value>', 'label that the site gets; may be repeated', collectLabel, {})
  .addOption(
    new Option('--ttl <duration>', 'how long it may be used: 30m, 24h, 7d')
      .default(24 * 3600_000, '24h')
      .argParser(parseDuration),
  )
  .option(
    '--hub <host:port>',
    'address at which the host reaches the hub; the one of the kubeconfig where absent',
  )
  .option('--uses <number>', 'how many hosts may join with it', parseCount, 1)
  .action(
    async (options: {
      data: string;
      site?: string;
      label: Record<string, string>;
      ttl: number;
      hub?: string;
      uses: number;
    }) => {
      const { clock, disk, random } = createRealSystem();
      if (options.hub !== undefined) splitAddress(options.hub);
      const context = await readContext(disk, dataLayout(resolve(options.data)).kubeconfig, 'hub');
      using connection = connectContext(context);
      const text = await createToken(
        connection.client,
        {
          ...(options.site === undefined ? {} : { site: options.site }),
          labels: options.label,
          lifetimeMs: options.ttl,
          usesMax: options.uses,
          hub: options.hub ?? context.server.replace(/^https:\/\//u, ''),
          authority: context.authority,
        },
        { clock, random },
      );
      screen.print(text);
    },
  );

program
  .command('hub')
  .description('run a hub in the foreground')
  .requiredOption('--data <folder>', 'where the hub keeps its state')
  .option('--listen <host:port>', 'address to serve the API and the links on', '127.0.0.1:6443')
  .option(
    '--name <name>',
    'further name or address of the hub, for its certificate; may be repeated',
    collect,
    [],
  )
  .option('--store <store>', 'where the objects are: sqlite, or etcd=https://HOST:2379,…', 'sqlite')
  .option(
    '--authentication-config <file>',
    "whose tokens people may come with: Kubernetes' AuthenticationConfiguration",
  )
  .addOption(auditModeOption())
  .option('--etcd-ca <file>', 'authority of etcd, PEM')
  .option('--etcd-cert <file>', "this hub's certificate for etcd, PEM")
  .option('--etcd-key <file>', 'the key of that certificate, PEM')
  .action(
    async (
      options: StoreArguments & {
        data: string;
        listen: string;
        name: string[];
        auditLogMode: AuditMode;
        authenticationConfig?: string;
      },
    ) => {
      const { host, port } = splitAddress(options.listen);
      const store = storeOf(options);
      const config = {
        dataFolder: resolve(options.data),
        store,
        host,
        port,
        names: options.name,
        pid: process.pid,
        auditMode: options.auditLogMode,
        ...(options.authenticationConfig === undefined
          ? {}
          : { authenticationConfig: resolve(options.authenticationConfig) }),
      };
      await runHub(config, createRealSystem(), { signal: untilStopped(), onReady: () => undefined });
    },
  );

program
  .command('join')
  .description('enrol this host as a site')
  .argument('<token>', 'what "skerry token create" printed')
  .requiredOption('--name <site>', 'name of the site')
  .requiredOption('--data <folder>', 'where the site keeps its state')
  .option('--listen <host:port>', "address of the site's own API; a free port of 127.0.0.1 where absent")
  .action(async (text: string, options: { name: string; data: string; listen?: string }) => {
    const listen = options.listen === undefined ? undefined : splitAddress(options.listen);
    await joinAsSite(createRealSystem({ level: 'warn' }), {
      token: text,
      name: options.name,
      folder: resolve(options.data),
      takenFolders: [],
      ...(listen === undefined ? {} : { listen }),
    });
    screen.say(`This host is site ${options.name} now: run it with "skerry site --data ${options.data}"`);
  });

program
  .command('site')
  .description('run a site in the foreground')
  .requiredOption('--data <folder>', 'where the site keeps its state')
  .addOption(runtimeOption())
  .addOption(auditModeOption())
  .option('--images <folder>', 'folder of OCI archives (*.tar) to import at the start')
  .action(async (options: SiteArguments) => {
    const config = {
      folder: resolve(options.data),
      runtime: options.runtime,
      searchPath: process.env.PATH ?? '',
      pid: process.pid,
      auditMode: options.auditLogMode,
      ...(options.images === undefined ? {} : { imageFolder: resolve(options.images) }),
    };
    await runSite(config, createRealSystem(), { signal: untilStopped() });
  });

program
  .command('backup')
  .description('write all that a running hub or site is into one file')
  .argument('<file>', 'file to be made or replaced, or - for standard output')
  .addOption(dataOption())
  .option(
    '--context <name>',
    "context of the folder's kubeconfig: hub, or a site; its first one where absent",
  )
  .action(async (path: string, options: { data: string; context?: string }) => {
    const { disk } = createRealSystem({ level: 'warn' });
    const target = {
      path: path === '-' ? path : resolve(path),
      folder: resolve(options.data),
      context: options.context,
    };
    await backup(target, { disk, files: realGzipFiles, screen });
  });

program
  .command('restore')
  .description('put a backup into a data folder, or into etcd, all of it or nothing')
  .argument('<file>', 'what "skerry backup" wrote')
  .requiredOption('--data <folder>', 'the folder of a hub or site that does not run; empty, or with --force')
  .option('--force', 'put aside what is in the folder, and replace what is in etcd')
  .option('--epoch <number>', 'least epoch of the store afterwards', parseCount, 0)
  .option('--store <store>', 'where the objects go: sqlite, or etcd=https://HOST:2379,…', 'sqlite')
  .option('--etcd-ca <file>', 'authority of etcd, PEM')
  .option('--etcd-cert <file>', 'certificate for etcd, PEM')
  .option('--etcd-key <file>', 'the key of that certificate, PEM')
  .action(
    async (path: string, options: StoreArguments & { data: string; force?: boolean; epoch: number }) => {
      const store = storeOf(options);
      const system = createRealSystem({ level: 'warn' });
      await using etcd =
        store.type === 'etcd' ? createEtcdClient(await etcdClientOptions(store, system)) : undefined;
      const target = {
        ...{ path: path === '-' ? path : resolve(path), folder: resolve(options.data) },
        ...{ force: options.force === true, epochMin: options.epoch, pid: process.pid },
        ...(etcd === undefined ? {} : { etcd }),
      };
      await restore(target, { system, files: realGzipFiles, screen });
    },
  );

program
  .command('version')
  .description('print the version')
  .action(() => screen.print(SOFTWARE_VERSION));

/** Prints one sentence and ends with the right code. A bug keeps its stack. */
function fail(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  const isForPeople =
    error instanceof Error &&
    error.name !== 'AssertionError' &&
    error.name !== 'TypeError' &&
    error.name !== 'RangeError';
  screen.say(
    `skerry: ${isForPeople ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exit(error instanceof CommandError ? error.code : 1);
}

process.on('unhandledRejection', fail);
try {
  armFailpoints(process.env.SKERRY_FAILPOINTS ?? '');
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  fail(error);
}
