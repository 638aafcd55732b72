import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { containerdLayout } from '#cri/containerd-config.ts';
import { output } from './command.ts';

/** What a data folder has on this machine outside of itself, by the names under which it can be found again. */
export interface Traces {
  readonly folder: string;
  readonly runFolders: readonly string[];
  /** Names of the sites' bridges. */
  readonly bridges: readonly string[];
  /** Names of the sites' nftables tables. */
  readonly tables: readonly string[];
  /** Paths of the pods' network namespaces. */
  readonly namespaces: readonly string[];
  /** First processes of containers. */
  readonly containerPids: readonly number[];
}

/** Notes what the sites of a data folder have now: it is to be gone after a purge. */
export function tracesOf(folder: string): Traces {
  const sites = existsSync(`${folder}/sites`) ? readdirSync(`${folder}/sites`) : [];
  const settings = sites.flatMap((site) => {
    const path = `${folder}/sites/${site}/settings.json`;
    return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as { instanceId: string }] : [];
  });
  const runFolders = sites.map((site) => runFolderOf(`${folder}/sites/${site}`));
  return {
    folder,
    runFolders,
    bridges: settings.map(({ instanceId }) => `sk-${instanceId}`),
    tables: settings.map(({ instanceId }) => `skerry-${instanceId}`),
    namespaces: runFolders.flatMap(networkNamespacesIn),
    containerPids: runFolders.flatMap(containerPidsIn),
  };
}

/** Where a site's containerd keeps what does not outlive a reboot. */
export function runFolderOf(siteFolder: string): string {
  return containerdLayout({ dataFolder: `${siteFolder}/containerd` }).runFolder;
}

/** Network namespaces of the pods that a site's containerd runs. */
export function networkNamespacesIn(runFolder: string): string[] {
  const paths = bundlesIn(runFolder).flatMap((bundle) => {
    const found = /"path":\s*"(?:\/var)?(\/run\/netns\/[^"]+)"/u.exec(textOf(`${bundle}/config.json`))?.[1];
    return found === undefined ? [] : [found];
  });
  return [...new Set(paths)];
}

/** First processes of the containers, pods' sandboxes included, that a site's containerd runs. */
export function containerPidsIn(runFolder: string): number[] {
  return bundlesIn(runFolder)
    .map((bundle) => Number(textOf(`${bundle}/init.pid`)))
    .filter((pid) => pid > 1);
}

function bundlesIn(runFolder: string): string[] {
  const folder = `${runFolder}/containerd/io.containerd.runtime.v2.task/k8s.io`;
  return existsSync(folder) ? readdirSync(folder).map((id) => `${folder}/${id}`) : [];
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Processes whose command line names one of `marks`, as `pid command line`. */
export function processesNaming(marks: readonly string[]): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: commandLine(name) }))
    .filter(({ command }) => marks.some((mark) => command.includes(mark)));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // It ended meanwhile.
    return '';
  }
}

/** What is still there of what was noted, in words; nothing after a clean purge. */
export async function residueOf(traces: Traces): Promise<string[]> {
  const marks = [traces.folder, ...traces.runFolders];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const links = await output('ip', ['-o', 'link']);
  const tables = await output('nft', ['list', 'tables']);
  const path = [traces.folder, ...traces.runFolders, ...traces.namespaces];
  return [
    ...processesNaming(marks).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...mounts.filter((line) => marks.some((mark) => line.includes(mark))).map((line) => `mount ${line}`),
    ...path.filter((name) => existsSync(name)).map((name) => `path ${name}`),
    ...traces.containerPids
      .filter((pid) => existsSync(`/proc/${pid}`))
      .map((pid) => `container process ${pid}`),
    ...traces.bridges.filter((name) => links.includes(name)).map((name) => `bridge ${name}`),
    ...traces.tables.filter((name) => tables.includes(name)).map((name) => `nftables table ${name}`),
  ];
}
