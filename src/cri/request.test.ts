import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sandboxConfig, shell } from '#cri/conformance.ts';
import { ContainerConfig, PodSandboxConfig } from '#cri/messages.ts';
import { containerMessage, podOfLabels, sandboxMessage } from '#cri/request.ts';
import type { ContainerConfig as Config, SandboxConfig } from '#cri/runtime.ts';

/** What arrives at the other end of the wire. */
function sandboxSent(change: Partial<SandboxConfig> = {}) {
  return PodSandboxConfig.decode(PodSandboxConfig.encode(sandboxMessage(sandboxConfig('/logs', change))));
}

function containerSent(
  change: Partial<Config> = {},
  sandbox: Partial<SandboxConfig> = {},
  image?: Parameters<typeof containerMessage>[2],
) {
  const message = containerMessage(shell('true', change), sandboxConfig('/logs', sandbox), image);
  return ContainerConfig.decode(ContainerConfig.encode(message));
}

const { security } = shell('true');

describe('a sandbox request', () => {
  it("carries the kubelet's labels, which the pod's own cannot replace", () => {
    const pod = { name: 'web', namespace: 'default', uid: 'u1' };
    const sent = sandboxSent({ pod, labels: { app: 'web', 'io.kubernetes.pod.name': 'other' } });
    assert.equal(sent.labels.app, 'web');
    assert.deepEqual(podOfLabels(sent.labels), pod);
    assert.deepEqual(sent.metadata, { ...pod, attempt: 0 });
  });

  it('shares namespaces as the pod says', () => {
    const options = (change: Partial<SandboxConfig>) =>
      sandboxSent(change).linux?.securityContext?.namespaceOptions;
    const targetId = '';
    assert.deepEqual(options({}), { network: 'POD', pid: 'CONTAINER', ipc: 'POD', targetId });
    const shared = options({ shareProcessNamespace: true });
    assert.deepEqual(shared, { network: 'POD', pid: 'POD', ipc: 'POD', targetId });
    const host = { hostNetwork: true, hostPid: true, hostIpc: true };
    assert.deepEqual(options(host), { network: 'NODE', pid: 'NODE', ipc: 'NODE', targetId });
  });

  it('lets a container see the processes of another, unless it sees all of them anyway', () => {
    const options = (sandbox: Partial<SandboxConfig>) =>
      containerSent({ security: { ...security, targetContainerId: 'c1' } }, sandbox).linux?.securityContext
        ?.namespaceOptions;
    assert.deepEqual([options({})?.pid, options({})?.targetId], ['TARGET', 'c1']);
    assert.equal(options({ shareProcessNamespace: true })?.pid, 'POD');
    assert.equal(options({ hostPid: true })?.pid, 'NODE');
  });

  it("leaves name and ports to the host in the host's network", () => {
    const ports = [{ protocol: 'UDP' as const, containerPort: 53, hostPort: 53, hostIp: '' }];
    assert.deepEqual(sandboxSent({ ports }).portMappings, ports);
    const sent = sandboxSent({ ports, hostNetwork: true });
    assert.deepEqual([sent.hostname, sent.portMappings], ['', []]);
  });

  it('tells group 0 from no group', () => {
    const given = { runAsGroup: 0, supplementalGroups: [5, 6], privileged: false };
    const context = sandboxSent({ security: given }).linux?.securityContext;
    assert.deepEqual(
      [context?.runAsUser, context?.runAsGroup, context?.supplementalGroups],
      [undefined, { value: 0 }, [5, 6]],
    );
  });
});

describe('a container request', () => {
  it('hides what a container shall not see, unless it is privileged', () => {
    const context = containerSent().linux?.securityContext;
    assert.ok(context?.maskedPaths.includes('/proc/kcore'));
    assert.ok(context?.readonlyPaths.includes('/proc/sys'));
    const privileged = containerSent({ security: { ...security, privileged: true } }).linux?.securityContext;
    assert.deepEqual([privileged?.maskedPaths, privileged?.readonlyPaths], [[], []]);
    assert.equal(privileged?.seccomp?.profileType, 'Unconfined');
  });

  it('names seccomp profiles and capabilities as CRI does', () => {
    const local = { type: 'localhost', path: '/profiles/a.json' } as const;
    const addCapabilities = ['CAP_NET_ADMIN', 'SYS_TIME'];
    const context = containerSent({
      security: { ...security, seccomp: local, addCapabilities, dropCapabilities: ['ALL'] },
    });
    assert.deepEqual(context.linux?.securityContext?.seccomp, {
      profileType: 'Localhost',
      localhostRef: '/profiles/a.json',
    });
    assert.deepEqual(context.linux?.securityContext?.capabilities, {
      addCapabilities: ['NET_ADMIN', 'SYS_TIME'],
      dropCapabilities: ['ALL'],
    });
    assert.equal(containerSent().linux?.securityContext?.seccomp?.profileType, 'RuntimeDefault');
  });

  it("runs as the image's user where only a group is named", () => {
    const image = { id: 'sha256:a', tags: [], digests: [], sizeBytes: 1 };
    const userOf = (change: object, known: object = {}) => {
      const context = containerSent({ security: { ...security, ...change } }, {}, { ...image, ...known })
        .linux?.securityContext;
      return [context?.runAsUser?.value, context?.runAsUsername, context?.runAsGroup?.value];
    };
    assert.deepEqual(userOf({}), [undefined, '', undefined]);
    assert.deepEqual(userOf({ runAsGroup: 7 }, { uid: 101 }), [101, '', 7]);
    assert.deepEqual(userOf({ runAsGroup: 7 }, { username: 'nginx' }), [undefined, 'nginx', 7]);
    assert.deepEqual(userOf({ runAsGroup: 7 }), [0, '', 7]);
    assert.deepEqual(userOf({ runAsUser: 5, runAsGroup: 7 }, { username: 'nginx' }), [5, '', 7]);
  });

  it('carries mounts, environment and limits', () => {
    const sent = containerSent({
      env: [{ name: 'A', value: 'ü=1' }],
      mounts: [{ hostPath: '/h', containerPath: '/c', readOnly: true, propagation: 'bidirectional' }],
      resources: { cpuShares: 102, memoryLimitBytes: 2 ** 34, oomScoreAdj: -998 },
    });
    assert.deepEqual(sent.envs, [{ key: 'A', value: 'ü=1' }]);
    assert.deepEqual(sent.mounts, [
      { hostPath: '/h', containerPath: '/c', readonly: true, propagation: 'BIDIRECTIONAL' },
    ]);
    const limits = {
      cpuPeriod: 0,
      cpuQuota: 0,
      cpuShares: 102,
      memoryLimitInBytes: 2 ** 34,
      oomScoreAdj: -998,
    };
    assert.deepEqual(sent.linux?.resources, limits);
    assert.equal(sent.labels['io.kubernetes.container.name'], 'main');
  });
});
