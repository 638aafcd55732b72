import { chooseNetworks } from '#network/choose-networks.ts';
import { type SiteNetwork, siteNetwork } from '#network/site-network.ts';
import type { Disk } from '#system/disk.ts';
import type { Processes } from '#system/process.ts';
import { freePort } from '#system/real-network.ts';
import type { System } from '#system/system.ts';

/** What was settled for a site when it joined, and stays: kept in `settings.json` of its folder. */
export interface SiteSettings {
  readonly name: string;
  /** Where its API listens. */
  readonly host: string;
  readonly port: number;
  /** Eight hexadecimal digits that no other site of this machine has. */
  readonly instanceId: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
}

const SETTINGS_FILE = 'settings.json';

/** The settings in a site's folder, or undefined where it has none. */
export async function readSettings(disk: Disk, folder: string): Promise<SiteSettings | undefined> {
  const content = await disk.read(`${folder}/${SETTINGS_FILE}`);
  return content === undefined
    ? undefined
    : (JSON.parse(Buffer.from(content).toString('utf8')) as SiteSettings);
}

/** Settles a free port and free networks for a new site, apart from those of the sites in `takenFolders`. */
export async function settleSite(
  { disk, processes, random }: Pick<System, 'disk' | 'processes' | 'random'>,
  options: {
    folder: string;
    name: string;
    takenFolders: readonly string[];
    listen?: { host: string; port: number };
  },
): Promise<SiteSettings> {
  const others = (await Promise.all(options.takenFolders.map((folder) => readSettings(disk, folder)))).filter(
    (other) => other !== undefined,
  );
  const [routes, addresses] = await Promise.all([
    ipJson(processes, ['route', 'show', 'table', 'all']),
    ipJson(processes, ['addr']),
  ]);
  const taken = others.flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr]);
  const { podCidr, serviceCidr } = chooseNetworks({ routesJson: routes, addressesJson: addresses, taken });
  const host = options.listen?.host ?? '127.0.0.1';
  const port = options.listen?.port ?? (await freePort(host));
  const settings = {
    name: options.name,
    host,
    port,
    instanceId: Buffer.from(random.bytes(4)).toString('hex'),
    podCidr,
    serviceCidr,
  };
  await disk.write(`${options.folder}/${SETTINGS_FILE}`, `${JSON.stringify(settings, undefined, 2)}\n`);
  return settings;
}

export function networkOf({ name, instanceId, podCidr, serviceCidr }: SiteSettings): SiteNetwork {
  return siteNetwork({ siteName: name, instanceId, podCidr, serviceCidr });
}

/** Without `ip` nothing is known of the machine's networks: a simulated site needs none of them. */
async function ipJson(processes: Processes, args: readonly string[]): Promise<string> {
  try {
    const { code, stdout } = await processes.run('ip', ['-j', '-4', ...args]);
    return code === 0 && stdout.trim() !== '' ? stdout : '[]';
  } catch {
    // No iproute2 on this machine.
    return '[]';
  }
}
