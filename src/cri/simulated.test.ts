import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeRuntime } from '#cri/conformance.ts';
import { ImagePullError, type Runtime, RuntimeUnavailableError } from '#cri/runtime.ts';
import { createSimulatedRuntime } from '#cri/simulated.ts';
import { anyImage } from '#cri/simulated-images.ts';
import { SimulatedMachine } from '#cri/simulated-machine.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** Lets virtual time pass until a promise settles. */
async function during<T>(clock: SimulatedClock, work: Promise<T>): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  work.then(done, done);
  await clock.advanceUntil(() => settled, 3_600_000);
  return work;
}

/** The runtime, with time passing during each of its calls; calls at the same time share one passing of it. */
function selfAdvancing(clock: SimulatedClock, runtime: Runtime): Runtime {
  let open = 0;
  let passing: Promise<void> = Promise.resolve();
  const pass = async (): Promise<void> => {
    for (; open > 0; await clock.advance(1));
  };
  return new Proxy(runtime, {
    get(target, name: keyof Runtime) {
      const method = target[name] as ((...args: unknown[]) => Promise<unknown>) | undefined;
      // A promise that resolves to it looks for `then`.
      if (method === undefined) return undefined;
      return (...args: unknown[]) => {
        open += 1;
        if (open === 1) passing = passing.then(pass);
        return method.apply(target, args).finally(() => {
          open -= 1;
        });
      };
    },
  });
}

function machineOf(seed = 1, catalogue = anyImage) {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  const machine = new SimulatedMachine({ clock, random: seededRandom(seed), disk, catalogue });
  return { clock, disk, machine, runtime: createSimulatedRuntime(machine) };
}

describeRuntime('simulated', async () => {
  const { clock, disk, machine, runtime } = machineOf();
  machine.addImage('busybox:1.36');
  return {
    runtime: selfAdvancing(clock, runtime),
    reopen: async () => selfAdvancing(clock, createSimulatedRuntime(machine)),
    disk,
    logFolder: '/var/log/pods',
    async until(holds) {
      for (const startMs = clock.now(); !(await holds()); await clock.advance(20)) {
        assert.ok(clock.now() - startMs < 20_000, 'it did not come true in time');
      }
    },
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
    },
  };
});

describe('a simulated machine', () => {
  /** A pod of one nginx, up and answering. */
  async function runServer({ clock, machine, runtime }: ReturnType<typeof machineOf>) {
    machine.addImage('nginx');
    const pod = { name: 'web', namespace: 'default', uid: 'u1' };
    const sandbox = {
      pod,
      attempt: 0,
      hostname: 'web',
      logFolder: '/logs/web',
      dns: { servers: [], searches: [], options: [] },
      ports: [],
      labels: {},
      annotations: {},
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
      sysctls: {},
      security: { supplementalGroups: [], privileged: false },
    };
    const config = {
      name: 'nginx',
      attempt: 0,
      image: 'nginx',
      command: [],
      args: [],
      workingDir: '',
      env: [],
      mounts: [],
      devices: [],
      logPath: 'nginx/0.log',
      stdin: false,
      stdinOnce: false,
      tty: false,
      labels: {},
      annotations: {},
      resources: {},
      security: {
        privileged: false,
        addCapabilities: [],
        dropCapabilities: [],
        readOnlyRootFilesystem: false,
        noNewPrivileges: false,
        supplementalGroups: [],
        seccomp: { type: 'runtimeDefault' as const },
      },
    };
    const sandboxId = await during(clock, runtime.runSandbox(sandbox));
    const containerId = await during(clock, runtime.createContainer(sandboxId, config, sandbox));
    await during(clock, runtime.startContainer(containerId));
    const [address = ''] = await during(clock, runtime.sandboxAddresses(sandboxId));
    return { sandboxId, containerId, address };
  }

  it('answers probes once a server has come up, and not after it crashed', async () => {
    const world = machineOf();
    const { containerId, address } = await runServer(world);
    assert.deepEqual(world.machine.probe({ host: '10.88.9.9', port: 80 }).ok, false);
    await world.clock.advance(1000);
    assert.deepEqual(world.machine.probe({ host: address, port: 80 }), { ok: true });
    assert.deepEqual(world.machine.printed(containerId), ['ready']);
    world.machine.crash(containerId, { exitCode: 137, reason: 'OOMKilled' });
    assert.equal(world.machine.probe({ host: address, port: 80 }).ok, false);
    const [container] = await during(world.clock, world.runtime.listContainers());
    assert(container?.state.type === 'exited');
    assert.deepEqual([container.state.exitCode, container.state.reason], [137, 'OOMKilled']);
  });

  it('lets a server end well and soon when it is stopped', async () => {
    const world = machineOf();
    const { containerId } = await runServer(world);
    const startMs = world.clock.now();
    await during(world.clock, world.runtime.stopContainer(containerId, 30));
    assert.ok(world.clock.now() - startMs < 1000);
    const [container] = await during(world.clock, world.runtime.listContainers());
    assert(container?.state.type === 'exited');
    assert.equal(container.state.exitCode, 0);
  });

  it('ends everything at a power cut, and forgets nothing', async () => {
    const world = machineOf();
    const { sandboxId } = await runServer(world);
    world.machine.powerOff();
    const [sandbox] = await during(world.clock, world.runtime.listSandboxes());
    assert.deepEqual([sandbox?.id, sandbox?.state], [sandboxId, 'notReady']);
    const [container] = await during(world.clock, world.runtime.listContainers());
    assert.equal(container?.state.type, 'exited');
    assert.ok((await during(world.clock, world.runtime.imageStatus('nginx'))) !== undefined);
  });

  it('says that nothing answers while it does not', async () => {
    const { clock, machine, runtime } = machineOf();
    machine.isAnswering = false;
    await assert.rejects(runtime.version(), RuntimeUnavailableError);
    machine.isAnswering = true;
    assert.equal((await during(clock, runtime.version())).runtimeName, 'simulated');
  });

  it('pulls what the catalogue has, as the registries let it', async () => {
    const { clock, machine, runtime } = machineOf(1, (name) =>
      name.includes('nginx') ? anyImage(name) : undefined,
    );
    const pull = (image: string): Promise<string> => during(clock, runtime.pullImage(image));
    const because = (reason: string) => (error: unknown) =>
      error instanceof ImagePullError && error.reason === reason;
    machine.registry = 'down';
    await assert.rejects(pull('nginx:1.27'), because('unavailable'));
    machine.registry = 'refusing';
    await assert.rejects(pull('nginx:1.27'), because('refused'));
    machine.registry = 'up';
    await assert.rejects(pull('redis:7'), because('notFound'));
    const id = await pull('nginx:1.27');
    const image = await during(clock, runtime.imageStatus('docker.io/library/nginx:1.27'));
    assert.deepEqual([image?.id, image?.tags], [id, ['docker.io/library/nginx:1.27']]);
    assert.equal((await during(clock, runtime.imageStatus(image?.digests[0] ?? '')))?.id, id);
    assert.notEqual(await pull('nginx:1.28'), id);
    await during(clock, runtime.removeImage(id));
    assert.equal(await during(clock, runtime.imageStatus('nginx:1.27')), undefined);
  });

  it('repeats a run from its seed', async () => {
    const run = async (seed: number): Promise<unknown> => {
      const world = machineOf(seed);
      const ids = await runServer(world);
      return [ids, world.clock.now()];
    };
    assert.deepEqual(await run(7), await run(7));
    assert.notDeepEqual(await run(7), await run(8));
  });
});
