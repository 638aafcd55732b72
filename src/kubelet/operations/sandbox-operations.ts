import { type Pod, podResource } from '#api/core/pod.ts';
import { isStatus } from '#api/status.ts';
import { RuntimeRequestError, type Sandbox, type SandboxConfig } from '#cri/runtime.ts';
import { NODE_ANNOTATION } from '#kubelet/annotations.ts';
import { takeDownPod } from '#kubelet/hooks/pod-hooks.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { type DnsConfig, dnsConfigOf, parseResolvConf } from '#kubelet/sandbox/dns.ts';
import { identityOf, sandboxConfigOf } from '#kubelet/sandbox/sandbox-config.ts';
import { StartError } from '#kubelet/start-error.ts';
import { describeError } from '#system/log.ts';

const RESOLV_CONF_PATH = '/etc/resolv.conf';

/** The pod's sandbox as its spec and this host make it. */
export async function sandboxConfigFor(host: KubeletHost, pod: Pod, attempt: number): Promise<SandboxConfig> {
  const config = sandboxConfigOf(pod, {
    attempt,
    logFolder: host.paths.logFolder(identityOf(pod)),
    dns: dnsConfigOf(pod, { cluster: host.dns, host: await hostDns(host) }),
    clusterDomain: host.dns.domain,
    cgroupParent: host.cgroupParent,
    nodeName: host.nodeName,
  });
  return { ...config, annotations: { ...config.annotations, [NODE_ANNOTATION]: host.nodeName } };
}

async function hostDns({ disk }: KubeletHost): Promise<DnsConfig> {
  return parseResolvConf(Buffer.from((await disk.read(RESOLV_CONF_PATH)) ?? []).toString('utf8'));
}

/** Stops what the new sandbox replaces, so that its addresses and host ports are free, then starts it. */
export async function runSandbox(
  host: KubeletHost,
  pod: Pod,
  action: { attempt: number; replaces: readonly string[] },
): Promise<void> {
  for (const sandboxId of action.replaces) await host.runtime.stopSandbox(sandboxId);
  try {
    await host.runtime.runSandbox(await sandboxConfigFor(host, pod, action.attempt));
  } catch (error) {
    if (!(error instanceof RuntimeRequestError)) throw error;
    const message = `Failed to create pod sandbox: ${describeError(error)}`;
    host.announce(pod, { eventType: 'Warning', reason: 'FailedCreatePodSandBox', message });
    throw new StartError('FailedCreatePodSandBox', message, { cause: error });
  }
}

/** What is left of a pod on this host. */
export interface Remains {
  readonly uid: string;
  readonly sandboxes: readonly Sandbox[];
}

/** Nothing of the pod runs any more: its network and volumes are given back. */
export async function releasePod(host: KubeletHost, { uid, sandboxes }: Remains): Promise<void> {
  for (const sandbox of sandboxes) await host.runtime.stopSandbox(sandbox.id);
  await takeDownPod({ host, uid, identity: sandboxes[0]?.pod }, 'release');
}

/** Removes everything of a pod from this host, its newest sandbox last. */
export async function removePod(host: KubeletHost, { uid, sandboxes }: Remains): Promise<void> {
  for (const sandbox of sandboxes.toReversed()) await host.runtime.removeSandbox(sandbox.id);
  await takeDownPod({ host, uid, identity: sandboxes[0]?.pod }, 'remove');
}

/** Tells the API server that the pod is gone from here; a namesake made meanwhile is left alone. */
export async function deletePodObject(host: KubeletHost, pod: Pod): Promise<void> {
  try {
    await host.client.delete(podResource, pod.metadata, {
      gracePeriodSeconds: 0,
      preconditions: { uid: pod.metadata.uid },
    });
  } catch (error) {
    if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error;
  }
}
