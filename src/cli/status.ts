import { humanDuration } from '#api/age.ts';
import { podResource } from '#api/core/pod.ts';
import { applicationResource } from '#api/fleet/application.ts';
import { siteResource } from '#api/fleet/site.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { formatTable, type Screen } from '#cli/screen.ts';
import type { Client } from '#client/client.ts';
import { type Clock, parseTimestamp } from '#system/clock.ts';

/** One site's API by the site's name. */
export interface SiteConnection {
  readonly name: string;
  readonly client: Client;
}

/** A table of every pod at every site. */
export async function printWhatRuns(
  sites: readonly SiteConnection[],
  { clock, screen }: { clock: Clock; screen: Screen },
): Promise<void> {
  const rows: string[][] = [['SITE', 'NAMESPACE', 'POD', 'READY', 'STATUS', 'IP', 'AGE']];
  for (const site of sites) {
    const { items } = await site.client.list(podResource);
    for (const pod of items) {
      const cell = (name: string): string => cellOf(podResource, pod, { name, clock });
      rows.push([
        site.name,
        pod.metadata.namespace ?? '',
        pod.metadata.name,
        cell('Ready'),
        cell('Status'),
        pod.status?.podIP ?? '<none>',
        ageOf(pod.metadata.creationTimestamp, clock),
      ]);
    }
  }
  if (rows.length === 1) screen.print('No pods yet.');
  else for (const line of formatTable(rows)) screen.print(line);
}

/** Sites and applications as the hub sees them. */
export async function printFleet(
  hub: Client,
  { clock, screen }: { clock: Clock; screen: Screen },
): Promise<void> {
  const { items: sites } = await hub.list(siteResource);
  const columns = ['Status', 'Last-Contact', 'Apps', 'Version'];
  const siteRows = sites.map((site) => [
    site.metadata.name,
    ...columns.map((name) => cellOf(siteResource, site, { name, clock })),
    ageOf(site.metadata.creationTimestamp, clock),
  ]);
  const heads = ['SITE', ...columns.map((name) => name.toUpperCase()), 'AGE'];
  for (const line of formatTable([heads, ...siteRows])) screen.print(line);
  const { items: applications } = await hub.list(applicationResource);
  const rows = applications.map((application) => {
    const { wanted = 0, running = 0, offline = 0 } = application.status?.sites ?? {};
    return [
      `${application.metadata.namespace ?? ''}/${application.metadata.name}`,
      String(wanted),
      String(running),
      String(offline),
    ];
  });
  screen.print('');
  for (const line of formatTable([['APPLICATION', 'SITES', 'RUNNING', 'OFFLINE'], ...rows]))
    screen.print(line);
}

/** What kubectl prints in that column. */
function cellOf<T extends KubeObject>(
  type: ResourceType<T>,
  object: T,
  { name, clock }: { name: string; clock: Clock },
): string {
  return String(type.columns.find((column) => column.name === name)?.cell(object, clock.now()) ?? '');
}

function ageOf(created: string, clock: Clock): string {
  const ms = parseTimestamp(created);
  return ms === undefined ? '<unknown>' : humanDuration(clock.now() - ms);
}
