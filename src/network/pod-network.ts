import { blockOf } from '#network/ipv4.ts';
import { deleteNftTable } from '#network/nft.ts';
import type { SiteNetwork } from '#network/site-network.ts';
import type { Disk } from '#system/disk.ts';
import type { CommandResult, Processes } from '#system/process.ts';

/** CNI plugins that must be in the runtime's plugin folder; `loopback` is called by containerd itself. */
export const REQUIRED_CNI_PLUGINS: readonly string[] = ['bridge', 'host-local', 'loopback'];

/** Where a site keeps what belongs to its pod network. */
export interface PodNetworkFolders {
  /** The runtime's CNI configuration folder (`conf_dir`): the site's own, with one file in it. */
  readonly configFolder: string;
  /** Which pod has which address, as host-local keeps it. */
  readonly leaseFolder: string;
}

export interface PodNetworkOptions extends PodNetworkFolders {
  readonly network: SiteNetwork;
  readonly disk: Disk;
  readonly processes: Processes;
}

/** What the host turned out to be able to do: an input of the service rules. */
export interface HostNetworkFacts {
  /** Whether frames between pods of one bridge pass netfilter. */
  readonly bridgeNetfilter: boolean;
}

/**
 * Makes the host ready for the site's pods: the bridge with its address, a route for services (so that the host itself
 * reaches them without a default route), forwarding, and the CNI configuration. Idempotent; run at every start, since a
 * reboot undoes it. Throws with what the command said where the host refuses.
 */
export async function preparePodNetwork(options: PodNetworkOptions): Promise<HostNetworkFacts> {
  const { network, disk, processes } = options;
  const { bridgeName, dnsAddress, serviceCidr } = network;
  const prefixLength = blockOf(network.podCidr).length;
  if (!(await linkExists(processes, bridgeName))) {
    await ip(processes, ['link', 'add', 'name', bridgeName, 'address', bridgeMac(network), 'type', 'bridge']);
  }
  await ip(processes, ['address', 'replace', `${dnsAddress}/${prefixLength}`, 'dev', bridgeName]);
  await ip(processes, ['link', 'set', bridgeName, 'up']);
  await ip(processes, ['route', 'replace', serviceCidr, 'dev', bridgeName, 'src', dnsAddress]);
  await setKernelSetting(disk, 'net/ipv4/ip_forward');
  await setKernelSetting(disk, `net/ipv4/conf/${bridgeName}/route_localnet`);
  const bridgeNetfilter = await enableBridgeNetfilter(options);
  await disk.makeFolder(options.leaseFolder);
  await disk.write(
    conflistPath(options),
    `${JSON.stringify(cniConflist(network, options.leaseFolder), null, 2)}\n`,
  );
  return { bridgeNetfilter };
}

/**
 * Takes away what {@link preparePodNetwork} and the service proxy left on the host, for good. The site's pods must be
 * gone. Kernel settings stay: others may rely on them. Idempotent.
 */
export async function purgePodNetwork(options: PodNetworkOptions): Promise<void> {
  const { network, disk, processes } = options;
  await deleteNftTable(processes, network.nftTable);
  if (await linkExists(processes, network.bridgeName))
    await ip(processes, ['link', 'delete', network.bridgeName]);
  await disk.remove(conflistPath(options));
  await disk.remove(options.leaseFolder);
}

/**
 * The CNI network configuration list of the site (CNI specification 1.0.0). Host ports are the service proxy's work, not
 * the portmap plugin's: that needs iptables. Masquerading is the service proxy's too.
 */
export function cniConflist(network: SiteNetwork, leaseFolder: string): object {
  return {
    cniVersion: '1.0.0',
    name: network.nftTable,
    plugins: [
      {
        type: 'bridge',
        bridge: network.bridgeName,
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: leaseFolder,
          ranges: [[{ subnet: network.podCidr, gateway: network.dnsAddress }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

function conflistPath({ configFolder, network }: PodNetworkOptions): string {
  return `${configFolder}/${network.nftTable}.conflist`;
}

/** A fixed, locally administered address: without one, a bridge changes its own whenever a pod comes or goes. */
function bridgeMac(network: SiteNetwork): string {
  const bytes = network.instanceId.match(/../gu) ?? [];
  return ['02', '73', ...bytes].join(':');
}

/**
 * True where bridged frames now pass netfilter. The setting exists only with the br_netfilter module, which may be built
 * in, loadable or missing.
 */
async function enableBridgeNetfilter({ disk, processes }: PodNetworkOptions): Promise<boolean> {
  const setting = 'net/bridge/bridge-nf-call-iptables';
  if ((await disk.read(`/proc/sys/${setting}`)) === undefined) {
    await processes.run('modprobe', ['br_netfilter']).catch(() => undefined);
  }
  if ((await disk.read(`/proc/sys/${setting}`)) === undefined) return false;
  await setKernelSetting(disk, setting);
  return true;
}

/** Sets a kernel setting to 1. Appends, since a file of /proc cannot be replaced. */
async function setKernelSetting(disk: Disk, setting: string): Promise<void> {
  const path = `/proc/sys/${setting}`;
  const value = await disk.read(path);
  if (value !== undefined && new TextDecoder().decode(value).trim() === '1') return;
  try {
    await disk.append(path, '1\n');
  } catch (cause) {
    throw new Error(`cannot set ${setting.replaceAll('/', '.')} to 1`, { cause });
  }
}

async function linkExists(processes: Processes, name: string): Promise<boolean> {
  return (await processes.run('ip', ['link', 'show', 'dev', name])).code === 0;
}

async function ip(processes: Processes, args: readonly string[]): Promise<CommandResult> {
  const result = await processes.run('ip', args);
  if (result.code === 0) return result;
  throw new Error(`"ip ${args.join(' ')}" failed: ${result.stderr.trim() || `exit code ${result.code}`}`);
}
