import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type Container,
  type ContainerConfig,
  type ContainerState,
  ImagePullError,
  type Runtime,
  RuntimeRequestError,
  type SandboxConfig,
} from '#cri/runtime.ts';
import type { Disk } from '#system/disk.ts';

/** A runtime to be tested, with what a test needs beside it. */
export interface RuntimeUnderTest extends AsyncDisposable {
  readonly runtime: Runtime;
  /** The same sandboxes and containers, seen by an agent that was just started. */
  reopen(): Promise<Runtime>;
  /** The disk that logs are on, and a folder for them. */
  readonly disk: Disk;
  readonly logFolder: string;
  /** Lets time pass until `holds` is true; rejects after 20 s. */
  until(holds: () => Promise<boolean>): Promise<void>;
}

/** An image that is on the host and has a shell and `sleep`, as busybox has. */
const IMAGE = 'docker.io/library/busybox:1.36';

let pods = 0;

/** A sandbox of a pod that no other test has. */
export function sandboxConfig(logFolder: string, change: Partial<SandboxConfig> = {}): SandboxConfig {
  pods += 1;
  const pod = {
    name: `pod-${pods}`,
    namespace: 'conformance',
    uid: `00000000-0000-4000-8000-${String(pods).padStart(12, '0')}`,
  };
  return {
    pod,
    attempt: 0,
    hostname: pod.name,
    logFolder: `${logFolder}/${pod.name}`,
    dns: { servers: [], searches: [], options: [] },
    ports: [],
    labels: { app: 'test' },
    annotations: { 'example.com/note': 'kept "as is"' },
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    shareProcessNamespace: false,
    sysctls: {},
    security: { supplementalGroups: [], privileged: false },
    ...change,
  };
}

/** A container that runs a line of shell. */
export function shell(script: string, change: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    name: 'main',
    attempt: 0,
    image: IMAGE,
    command: ['sh', '-c', script],
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    devices: [],
    logPath: 'main/0.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    labels: {},
    annotations: { 'example.com/hash': 'abc' },
    resources: {},
    security: {
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      readOnlyRootFilesystem: false,
      noNewPrivileges: false,
      supplementalGroups: [],
      seccomp: { type: 'runtimeDefault' },
    },
    ...change,
  };
}

const refused = (code: string) => (error: unknown) =>
  error instanceof RuntimeRequestError && error.code === code;

/** What every container runtime does, whatever is behind it. */
export function describeRuntime(name: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(`container runtime: ${name}`, () => {
    let test: RuntimeUnderTest;
    let runtime: Runtime;
    before(async () => {
      test = await open();
      ({ runtime } = test);
    });
    after(() => test[Symbol.asyncDispose]());

    const containerOf = async (id: string, of = runtime): Promise<Container | undefined> =>
      (await of.listContainers()).find((container) => container.id === id);
    const stateOf = async (id: string): Promise<ContainerState['type'] | undefined> =>
      (await containerOf(id))?.state.type;
    const sandboxOf = async (id: string) =>
      (await runtime.listSandboxes()).find((sandbox) => sandbox.id === id);
    const exitOf = async (id: string): Promise<ContainerState & { type: 'exited' }> => {
      await test.until(async () => (await stateOf(id)) === 'exited');
      const state = (await containerOf(id))?.state;
      assert(state?.type === 'exited');
      return state;
    };
    const runContainer = async (
      script: string,
      sandbox = sandboxConfig(test.logFolder),
      change: Partial<ContainerConfig> = {},
    ) => {
      const sandboxId = await runtime.runSandbox(sandbox);
      const config = shell(script, change);
      const containerId = await runtime.createContainer(sandboxId, config, sandbox);
      await runtime.startContainer(containerId);
      return { sandboxId, containerId, sandbox, config };
    };

    it('says what it is', async () => {
      const version = await runtime.version();
      assert.match(version.runtimeName, /^[a-z-]+$/u);
      assert.notEqual(version.runtimeVersion, '');
    });

    it('runs a sandbox with an address, and keeps whose it is', async () => {
      const config = sandboxConfig(test.logFolder, { attempt: 2 });
      const id = await runtime.runSandbox(config);
      const sandbox = await sandboxOf(id);
      assert.deepEqual(sandbox?.pod, config.pod);
      assert.equal(sandbox.attempt, 2);
      assert.equal(sandbox.state, 'ready');
      assert.equal(sandbox.annotations['example.com/note'], 'kept "as is"');
      const addresses = await runtime.sandboxAddresses(id);
      assert.match(addresses[0] ?? '', /^\d+\.\d+\.\d+\.\d+$/u);
      await runtime.removeSandbox(id);
      assert.equal(await sandboxOf(id), undefined);
    });

    it('gives each of many sandboxes its own address', async () => {
      const ids = await Promise.all([1, 2, 3].map(() => runtime.runSandbox(sandboxConfig(test.logFolder))));
      const addresses = (await Promise.all(ids.map((id) => runtime.sandboxAddresses(id)))).flat();
      assert.equal(new Set(addresses).size, 3);
      await Promise.all(ids.map((id) => runtime.removeSandbox(id)));
    });

    it("has no address for a pod in the host's network", async () => {
      const id = await runtime.runSandbox(sandboxConfig(test.logFolder, { hostNetwork: true }));
      assert.deepEqual(await runtime.sandboxAddresses(id), []);
      await runtime.removeSandbox(id);
    });

    it('creates a container and starts it, and keeps what it was told', async () => {
      const sandbox = sandboxConfig(test.logFolder);
      const sandboxId = await runtime.runSandbox(sandbox);
      const id = await runtime.createContainer(sandboxId, shell('sleep 1000', { attempt: 3 }), sandbox);
      assert.equal(await stateOf(id), 'created');
      await runtime.startContainer(id);
      const container = await containerOf(id);
      assert(container?.state.type === 'running');
      assert.ok(container.state.startedMs >= container.createdMs);
      assert.deepEqual(container.pod, sandbox.pod);
      assert.deepEqual(
        [
          container.sandboxId,
          container.name,
          container.attempt,
          container.logPath,
          container.annotations['example.com/hash'],
        ],
        [sandboxId, 'main', 3, `${sandbox.logFolder}/main/0.log`, 'abc'],
      );
      assert.match(container.imageId, /sha256:[0-9a-f]{64}$/u);
      await runtime.removeSandbox(sandboxId);
      assert.equal(await containerOf(id), undefined);
    });

    it('reports how a container ended', async () => {
      const sandbox = sandboxConfig(test.logFolder);
      const { sandboxId, containerId } = await runContainer('exit 3', sandbox);
      const failed = await exitOf(containerId);
      assert.deepEqual([failed.exitCode, failed.reason], [3, 'Error']);
      assert.ok(failed.finishedMs >= failed.startedMs);
      const config = shell('true', { attempt: 1 });
      const second = await runtime.createContainer(sandboxId, config, sandbox);
      await runtime.startContainer(second);
      const completed = await exitOf(second);
      assert.deepEqual([completed.exitCode, completed.reason], [0, 'Completed']);
      await runtime.removeSandbox(sandboxId);
    });

    it('lets a container run as long as its program does', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1; exit 4');
      assert.equal(await stateOf(containerId), 'running');
      const state = await exitOf(containerId);
      assert.equal(state.exitCode, 4);
      assert.ok(state.finishedMs - state.startedMs >= 900);
      await runtime.removeSandbox(sandboxId);
    });

    it('writes what a container prints to its log, in the form that CRI gives', async () => {
      const { sandboxId, sandbox, containerId } = await runContainer('echo one; echo two');
      await exitOf(containerId);
      const path = `${sandbox.logFolder}/main/0.log`;
      const read = async (): Promise<string> => Buffer.from((await test.disk.read(path)) ?? []).toString();
      await test.until(async () => (await read()).includes('two'));
      const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)`;
      assert.match(await read(), new RegExp(`^${stamp} stdout F one\\n${stamp} stdout F two\\n$`, 'u'));
      await runtime.removeSandbox(sandboxId);
    });

    it('goes on in a new log file after a rotation', async () => {
      const { sandboxId, sandbox, containerId } = await runContainer(
        'echo old; sleep 1; echo new; sleep 1000',
      );
      const path = `${sandbox.logFolder}/main/0.log`;
      const read = async (of: string): Promise<string> =>
        Buffer.from((await test.disk.read(of)) ?? []).toString();
      await test.until(async () => (await read(path)).includes('old'));
      await test.disk.rename(path, `${path}.1`);
      await runtime.reopenLog(containerId);
      await test.until(async () => (await read(path)).includes('new'));
      assert.ok(!(await read(`${path}.1`)).includes('new'));
      await runtime.removeSandbox(sandboxId);
    });

    it('kills a container that does not heed SIGTERM, after its time of grace', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1000');
      await runtime.stopContainer(containerId, 1);
      const state = await exitOf(containerId);
      assert.equal(state.exitCode, 137);
      assert.ok(state.finishedMs - state.startedMs >= 900);
      await runtime.removeSandbox(sandboxId);
    });

    it('kills at once where no grace is given', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1000');
      await runtime.stopContainer(containerId, 0);
      assert.equal((await exitOf(containerId)).exitCode, 137);
      await runtime.removeSandbox(sandboxId);
    });

    it('ends containers and network with the sandbox', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1000');
      await runtime.stopSandbox(sandboxId);
      await exitOf(containerId);
      assert.equal((await sandboxOf(sandboxId))?.state, 'notReady');
      assert.deepEqual(await runtime.sandboxAddresses(sandboxId), []);
      await runtime.removeSandbox(sandboxId);
    });

    it('stops and removes again, and what never was, without complaint', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1000');
      for (let round = 0; round < 2; round++) await runtime.stopContainer(containerId, 0);
      for (let round = 0; round < 2; round++) await runtime.removeContainer(containerId);
      assert.equal(await containerOf(containerId), undefined);
      for (let round = 0; round < 2; round++) await runtime.stopSandbox(sandboxId);
      for (let round = 0; round < 2; round++) await runtime.removeSandbox(sandboxId);
      await runtime.stopContainer('0123456789abcdef', 0);
      await runtime.removeContainer('0123456789abcdef');
      await runtime.stopSandbox('0123456789abcdef');
      await runtime.removeSandbox('0123456789abcdef');
      await runtime.removeImage('docker.io/library/never-was:1');
    });

    it('refuses what cannot be done, with a code', async () => {
      const sandbox = sandboxConfig(test.logFolder);
      await assert.rejects(
        runtime.createContainer('0123456789abcdef', shell('true'), sandbox),
        refused('NOT_FOUND'),
      );
      await assert.rejects(runtime.startContainer('0123456789abcdef'), refused('NOT_FOUND'));
      await assert.rejects(runtime.sandboxAddresses('0123456789abcdef'), refused('NOT_FOUND'));
      await assert.rejects(runtime.execSync('0123456789abcdef', ['true'], 1000), refused('NOT_FOUND'));
      const sandboxId = await runtime.runSandbox(sandbox);
      const missing = shell('true', { image: 'docker.io/library/never-was:1' });
      await assert.rejects(runtime.createContainer(sandboxId, missing, sandbox), refused('NOT_FOUND'));
      await runtime.createContainer(sandboxId, shell('true'), sandbox);
      await assert.rejects(runtime.createContainer(sandboxId, shell('true'), sandbox), RuntimeRequestError);
      await assert.rejects(runtime.runSandbox(sandbox), RuntimeRequestError);
      await runtime.removeSandbox(sandboxId);
    });

    it('runs a command in a container', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1000');
      const result = await runtime.execSync(containerId, ['sh', '-c', 'echo out; exit 2'], 5000);
      assert.deepEqual(result, { exitCode: 2, stdout: 'out\n', stderr: '' });
      await assert.rejects(
        runtime.execSync(containerId, ['sleep', '100'], 1000),
        refused('DEADLINE_EXCEEDED'),
      );
      await runtime.stopContainer(containerId, 0);
      await assert.rejects(runtime.execSync(containerId, ['true'], 5000), RuntimeRequestError);
      await runtime.removeSandbox(sandboxId);
    });

    it('knows its images', async () => {
      const image = await runtime.imageStatus(IMAGE);
      assert(image !== undefined);
      assert.match(image.id, /^sha256:[0-9a-f]{64}$/u);
      assert.ok(image.tags.includes(IMAGE));
      assert.ok(image.sizeBytes > 0);
      assert.ok((await runtime.listImages()).some((listed) => listed.id === image.id));
      assert.equal((await runtime.imageStatus(image.id))?.id, image.id);
      assert.equal((await runtime.imageStatus('busybox:1.36'))?.id, image.id);
      assert.equal(await runtime.imageStatus('docker.io/library/never-was:1'), undefined);
    });

    it('says why an image cannot be pulled', async () => {
      // A port where no registry is.
      const pull = runtime.pullImage('127.0.0.1:1/never-was:1');
      await assert.rejects(
        pull,
        (error) => error instanceof ImagePullError && error.reason === 'unavailable',
      );
    });

    it('tells what a running container uses', async () => {
      const { sandboxId, containerId } = await runContainer('sleep 1000');
      const stats = (await runtime.stats()).find((item) => item.containerId === containerId);
      assert(stats !== undefined);
      assert.ok(stats.atMs > 0 && stats.cpuNanoseconds >= 0 && stats.memoryWorkingSetBytes > 0);
      await runtime.removeSandbox(sandboxId);
    });

    it('keeps everything over a restart of the agent', async () => {
      const { sandboxId, containerId, sandbox } = await runContainer('sleep 1000');
      const addresses = await runtime.sandboxAddresses(sandboxId);
      const started = await containerOf(containerId);
      const reopened = await test.reopen();
      assert.deepEqual(await containerOf(containerId, reopened), started);
      assert.deepEqual(await reopened.sandboxAddresses(sandboxId), addresses);
      assert.ok((await reopened.listSandboxes()).some((listed) => listed.pod.uid === sandbox.pod.uid));
      await reopened.removeSandbox(sandboxId);
      await reopened[Symbol.asyncDispose]();
      assert.equal(await containerOf(containerId), undefined);
    });
  });
}
