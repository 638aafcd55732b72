import { applicationResource } from '#api/fleet/application.ts';
import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { siteResource } from '#api/fleet/site.ts';
import { isStatus } from '#api/status.ts';
import { applyManifest, readManifests } from '#cli/apply-manifests.ts';
import { type ApiConnection, connectContext, readContext } from '#cli/connect.ts';
import { type KubeContext, kubeconfigOf } from '#cli/kubeconfig.ts';
import { type DataLayout, logPathOf, type Machine, pidPathOf, type RuntimeKind } from '#cli/machine.ts';
import { CommandError, type Screen } from '#cli/screen.ts';
import { printWhatRuns, type SiteConnection } from '#cli/status.ts';
import { createToken } from '#cli/token.ts';
import type { Client } from '#client/client.ts';
import { pause } from '#system/clock.ts';
import { PROGRAM_MARK, readPid } from '#system/data-folder.ts';
import type { ChildProcess } from '#system/process.ts';
import type { System } from '#system/system.ts';

export interface UpOptions {
  readonly layout: DataLayout;
  readonly sites: readonly string[];
  readonly runtime: RuntimeKind;
  readonly host: string;
  readonly port: number;
  /** Images (OCI archives, *.tar) that every site gets at its start. */
  readonly imageFolder: string;
  /** Manifests that are applied at the hub; nothing where undefined. */
  readonly exampleFolder: string | undefined;
}

/** How long a hub or a site may take until its API answers, in milliseconds. */
const START_MS_MAX = 60_000;

/** How long the example may take until it is available everywhere, in milliseconds. */
const AVAILABLE_MS_MAX = 180_000;

const POLL_MS = 100;

/** The sites that `up` starts get this label, so that the example's placement selects them. */
const SITE_LABELS = { tier: 'edge' };

/** A join token of `up` lives as long as a start may take, in milliseconds. */
const TOKEN_LIFETIME_MS = 10 * 60_000;

/** What is up: processes by role and name, for whoever stays to watch them. */
export interface Upped {
  readonly started: readonly { readonly name: string; readonly child: ChildProcess }[];
}

/**
 * Brings up a hub and sites on this machine, whatever of them does not run yet, and the example on all of them. Resolves
 * when it is available everywhere. What already ran is left alone.
 */
export async function up(
  options: UpOptions,
  machine: Machine,
  { system, screen, signal }: { system: System; screen: Screen; signal: AbortSignal },
): Promise<Upped> {
  const { layout, sites } = options;
  const run = new Run(options, machine, { system, screen, signal });
  const refusal = await machine.preflight(options.runtime);
  if (refusal !== undefined) throw new CommandError(refusal);
  if (await run.isAllUp()) {
    throw new CommandError(
      `Skerry is already up in ${layout.root}: see what runs with "npx skerry status", or stop it with "npx skerry down"`,
    );
  }
  if (options.runtime === 'simulated')
    screen.say('The runtime is simulated: pods are only pretended, no container runs.');
  const hub = await run.bringUpHub();
  const contexts = [hub];
  for (const site of sites) await run.joinSite(site, hub);
  await Promise.all(sites.map((site) => run.startSite(site)));
  for (const site of sites) contexts.push(await run.awaitSite(site));
  await system.disk.write(layout.kubeconfig, kubeconfigOf(contexts));
  screen.say(
    `Wrote ${layout.kubeconfig} with contexts ${contexts.map((context) => context.name).join(', ')}`,
  );
  if (options.exampleFolder !== undefined) await run.runExample(hub, options.exampleFolder);
  await run.printResult(contexts);
  return { started: run.started };
}

function runsWanted({ spec, status }: ApplicationInstance): boolean {
  return status?.phase === 'Running' && status.runningRevision?.digest === spec.revision.digest;
}

class Run {
  readonly #options: UpOptions;
  readonly #machine: Machine;
  readonly #system: System;
  readonly #screen: Screen;
  readonly #signal: AbortSignal;
  readonly #startedMs: number;
  readonly started: { name: string; child: ChildProcess }[] = [];

  constructor(
    options: UpOptions,
    machine: Machine,
    { system, screen, signal }: { system: System; screen: Screen; signal: AbortSignal },
  ) {
    this.#options = options;
    this.#machine = machine;
    this.#system = system;
    this.#screen = screen;
    this.#signal = signal;
    this.#startedMs = system.clock.monotonic();
  }

  async isAllUp(): Promise<boolean> {
    const { layout, sites } = this.#options;
    if ((await this.#livePid(layout.hub, 'hub')) === undefined) return false;
    for (const site of sites)
      if ((await this.#livePid(layout.site(site), 'site')) === undefined) return false;
    return true;
  }

  async #livePid(folder: string, role: 'hub' | 'site'): Promise<number | undefined> {
    const pid = await readPid(pidPathOf(folder, role), this.#system.disk);
    return pid !== undefined && (await this.#system.processes.isAlive(pid, PROGRAM_MARK)) ? pid : undefined;
  }

  async bringUpHub(): Promise<KubeContext> {
    const { layout, host, port } = this.#options;
    const running = await this.#livePid(layout.hub, 'hub');
    if (running === undefined) {
      this.#say(`Starting the hub on https://${host}:${port}`);
      await this.#system.disk.remove(`${layout.hub}/kubeconfig`);
      const child = await this.#machine.startHub({ folder: layout.hub, host, port });
      this.started.push({ name: 'hub', child });
      return this.#awaitReady('the hub', { folder: layout.hub, role: 'hub', child });
    }
    this.#say(`The hub runs already (process ${running})`);
    return this.#awaitReady('the hub', { folder: layout.hub, role: 'hub', child: undefined });
  }

  async joinSite(name: string, hub: KubeContext): Promise<void> {
    const { layout, sites } = this.#options;
    const { clock, random } = this.#system;
    const token = async (): Promise<string> => {
      this.#say(`Joining site ${name} to the hub`);
      using connection = connectContext(hub);
      const address = hub.server.replace(/^https:\/\//u, '');
      const options = {
        site: name,
        labels: SITE_LABELS,
        lifetimeMs: TOKEN_LIFETIME_MS,
        usesMax: 1,
        hub: address,
        authority: hub.authority,
      };
      return await createToken(connection.client, options, { clock, random });
    };
    const takenFolders = sites.filter((other) => other !== name).map((other) => layout.site(other));
    await this.#machine.joinSite({ folder: layout.site(name), name, token, takenFolders });
  }

  async startSite(name: string): Promise<void> {
    const { layout, runtime, imageFolder } = this.#options;
    const folder = layout.site(name);
    if ((await this.#livePid(folder, 'site')) !== undefined) {
      this.#say(`Site ${name} runs already`);
      return;
    }
    this.#say(`Starting site ${name}`);
    await this.#system.disk.remove(`${folder}/kubeconfig`);
    const child = await this.#machine.startSite({ folder, runtime, imageFolder });
    this.started.push({ name, child });
  }

  async awaitSite(name: string): Promise<KubeContext> {
    const child = this.started.find((started) => started.name === name)?.child;
    const context = await this.#awaitReady(`site ${name}`, {
      folder: this.#options.layout.site(name),
      role: 'site',
      child,
    });
    return { ...context, name };
  }

  /** Waits until a server has written its kubeconfig and answers; says what its log says where it ends before that. */
  async #awaitReady(
    what: string,
    { folder, role, child }: { folder: string; role: 'hub' | 'site'; child: ChildProcess | undefined },
  ): Promise<KubeContext> {
    const { disk, clock } = this.#system;
    let ended = false;
    let unready: string | undefined = 'it has not written its kubeconfig';
    void child?.ended.then(() => {
      ended = true;
    });
    const deadlineMs = clock.monotonic() + START_MS_MAX;
    while (clock.monotonic() < deadlineMs && !this.#signal.aborted) {
      if (ended)
        throw new CommandError(`${what} did not start: ${await this.#lastWords(logPathOf(folder, role))}`);
      if ((await disk.read(`${folder}/kubeconfig`)) !== undefined) {
        const context = await readContext(disk, `${folder}/kubeconfig`);
        using connection = connectContext(context);
        unready = await connection.unreadiness();
        if (unready === undefined) {
          this.#say(`${what[0]?.toUpperCase() ?? ''}${what.slice(1)} is ready at ${context.server}`);
          return context;
        }
      }
      await pause(clock, POLL_MS, this.#signal);
    }
    if (this.#signal.aborted) throw new CommandError('interrupted', { code: 130 });
    throw new CommandError(
      `${what} is not ready after ${START_MS_MAX / 1000} s (${unready ?? ''}): its log is ${logPathOf(folder, role)}`,
    );
  }

  /** The sentence with which a process of ours ended. */
  async #lastWords(logPath: string): Promise<string> {
    const text = Buffer.from((await this.#system.disk.read(logPath)) ?? []).toString('utf8');
    const line = text.split('\n').findLast((candidate) => candidate.startsWith('skerry: '));
    return line?.slice('skerry: '.length) ?? `its log is ${logPath}`;
  }

  async runExample(hub: KubeContext, folder: string): Promise<void> {
    const { clock, disk } = this.#system;
    using connection = connectContext(hub);
    const manifests = await readManifests(disk, folder);
    const application = manifests.find((object) => object.kind === 'Application');
    if (application === undefined) throw new CommandError(`${folder} has no Application`);
    const name = { namespace: application.metadata.namespace, name: application.metadata.name };
    const where = `waiting until it runs on ${this.#options.sites.join(' and ')}`;
    const isNew = (await connection.client.find(applicationResource, name)) === undefined;
    // What is there already may have been edited since: it is left as it is.
    if (!isNew) this.#say(`Application ${name.name} is at the hub already; ${where}`);
    else {
      for (const manifest of manifests) await applyManifest(connection.client, manifest);
      this.#say(`Applied ${manifests.length} objects of ${folder} at the hub; ${where}`);
    }
    const deadlineMs = clock.monotonic() + AVAILABLE_MS_MAX;
    let said = '';
    while (!this.#signal.aborted) {
      const progress = await this.#progressOf(connection, { name, isNew });
      if (progress.done)
        return this.#say(`Application ${name.namespace ?? ''}/${name.name} is available on every site`);
      if (progress.message !== said) this.#say(progress.message);
      said = progress.message;
      if (clock.monotonic() > deadlineMs) {
        throw new CommandError(
          `the example is not available after ${AVAILABLE_MS_MAX / 1000} s: ${progress.message}; look at it with "kubectl --kubeconfig ${this.#options.layout.kubeconfig} get pods -A --context SITE"`,
        );
      }
      await pause(clock, 250, this.#signal);
    }
    throw new CommandError('interrupted', { code: 130 });
  }

  /** Done where every site of this `up` is connected and runs what it shall; a site may have been taken out of an older placement. */
  async #progressOf(
    connection: ApiConnection,
    { name, isNew }: { name: { namespace: string | undefined; name: string }; isNew: boolean },
  ): Promise<{ done: boolean; message: string }> {
    const { client } = connection;
    const [application, instances, sites] = await this.#retried(() =>
      Promise.all([
        client.get(applicationResource, name),
        client.list(applicationInstanceResource, { namespace: name.namespace }),
        client.list(siteResource),
      ]),
    );
    const available = application.status?.conditions?.find((condition) => condition.type === 'Available');
    const message =
      available === undefined
        ? 'waiting for the hub to place the application'
        : `${available.reason}: ${available.message}`;
    const done = this.#options.sites.every((siteName) => {
      const site = sites.items.find((candidate) => candidate.metadata.name === siteName);
      if (site?.status?.connectivity?.state !== 'Connected') return false;
      const instance = instances.items.find(
        ({ spec }) => spec.application === name.name && spec.site === siteName,
      );
      return instance === undefined ? !isNew : runsWanted(instance);
    });
    return {
      done: done && application.status?.observedGeneration === application.metadata.generation,
      message,
    };
  }

  /** One more try where a connection broke: the hub is on this machine. */
  async #retried<T>(reading: () => Promise<T>): Promise<T> {
    try {
      return await reading();
    } catch (error) {
      if (isStatus(error, 'NotFound')) throw error;
      await pause(this.#system.clock, 500, this.#signal);
      return reading();
    }
  }

  async printResult(contexts: readonly KubeContext[]): Promise<void> {
    const { layout, exampleFolder, sites } = this.#options;
    const connections: (SiteConnection & Disposable)[] = contexts.slice(1).map((context) => {
      const connection = connectContext(context);
      return {
        name: context.name,
        client: connection.client as Client,
        [Symbol.dispose]: () => connection[Symbol.dispose](),
      };
    });
    try {
      this.#screen.print('');
      await printWhatRuns(connections, { clock: this.#system.clock, screen: this.#screen });
    } finally {
      for (const connection of connections) connection[Symbol.dispose]();
    }
    this.#screen.print('');
    this.#screen.print('Try next:');
    this.#screen.print(`  export KUBECONFIG=${layout.kubeconfig}`);
    for (const command of nextCommands(sites[0] ?? 'north', exampleFolder !== undefined))
      this.#screen.print(`  ${command}`);
  }

  #say(line: string): void {
    const seconds = ((this.#system.clock.monotonic() - this.#startedMs) / 1000).toFixed(1).padStart(5);
    this.#screen.say(`${seconds} s  ${line}`);
  }
}

/** What to look at first: at the hub, and at one site. */
function nextCommands(site: string, hasExample: boolean): readonly string[] {
  if (!hasExample)
    return [
      'kubectl get sites',
      `kubectl --context ${site} get nodes -o wide`,
      `kubectl --context ${site} get pods -A -o wide`,
    ];
  return [
    'kubectl get sites,applications -A',
    `kubectl --context ${site} -n first get pods -o wide`,
    `kubectl --context ${site} -n first logs deployment/web`,
    'kubectl -n first edit configmap web-page        # reaches every site within seconds',
  ];
}
