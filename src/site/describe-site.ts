import { type Node, nodeResource } from '#api/core/node.ts';
import type { SiteHost } from '#api/fleet/site.ts';
import { addQuantities, formatQuantity, parseQuantity } from '#api/quantity.ts';
import { KUBERNETES_VERSION } from '#apiserver/version.ts';
import type { Views } from '#client/views.ts';
import type { SiteReport } from '#link/wire.ts';

/** What a site says of itself to the hub, from its nodes. To be made before the views run. */
export function siteDescriber(views: Views, { software }: { software: string }): () => SiteReport {
  const nodes = views.of(nodeResource);
  return () => {
    const hosts = nodes
      .list()
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map((node) => hostOf(node, software));
    return {
      hosts,
      capacity: sum(hosts.map((host) => host.capacity ?? {})),
      allocatable: sum(hosts.map((host) => host.allocatable ?? {})),
      versions: { skerry: software, kubernetes: KUBERNETES_VERSION.gitVersion },
      addresses: hosts.flatMap((host) => host.addresses ?? []),
    };
  };
}

function hostOf({ metadata, status }: Node, software: string): SiteHost {
  const info = status?.nodeInfo;
  const addresses = (status?.addresses ?? []).flatMap(({ type, address }) =>
    type === 'InternalIP' || type === 'ExternalIP' || type === 'Hostname' ? [{ type, address }] : [],
  ) as SiteHost['addresses'] & object;
  return {
    name: metadata.name,
    ready: status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown',
    ...(info === undefined
      ? {}
      : {
          architecture: info.architecture,
          operatingSystem: info.osImage,
          versions: {
            skerry: software,
            containerRuntime: info.containerRuntimeVersion,
            kernel: info.kernelVersion,
          },
        }),
    addresses,
    ...(status?.capacity === undefined ? {} : { capacity: status.capacity }),
    ...(status?.allocatable === undefined ? {} : { allocatable: status.allocatable }),
  };
}

function sum(lists: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const totals: Record<string, string> = {};
  for (const list of lists) {
    for (const [name, amount] of Object.entries(list)) {
      const before = totals[name];
      totals[name] =
        before === undefined
          ? amount
          : formatQuantity(addQuantities(parseQuantity(before), parseQuantity(amount)));
    }
  }
  return totals;
}
