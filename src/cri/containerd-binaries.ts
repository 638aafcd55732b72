import type { Disk } from '#system/disk.ts';

/** Where a site's containers need programs beside containerd itself. */
export interface ContainerdBinaries {
  readonly containerd: string;
  readonly ctr: string;
  readonly runc: string;
  /** The folder of the CNI plugins. */
  readonly cniFolder: string;
  /** `PATH` for containerd: it looks up its shim, and the plugins look up `ip` and `nft`. */
  readonly path: string;
}

/** Programs that a host must have are missing. The message says which Debian packages bring them. */
export class MissingProgramsError extends Error {
  override readonly name = 'MissingProgramsError';
  readonly packages: readonly string[];
  constructor(programs: readonly string[], packages: readonly string[]) {
    const install = `sudo apt-get install -y ${packages.join(' ')}`;
    super(
      `containers cannot be run here: ${programs.join(', ')} not found; on Debian or Ubuntu install with: ${install}`,
    );
    this.packages = packages;
  }
}

/** Where programs are looked for after the search path: a service is often started with a short one. */
const PROGRAM_FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
] as const;

/** Debian's folder of CNI plugins, and upstream's. */
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'] as const;

/** Debian's package of each program. */
const PACKAGES = {
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
} as const;

/** The CNI plugins that a pod's network is made of. */
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback'] as const;

/** Finds the programs on `searchPath` (`PATH`) and in the usual folders; throws {@link MissingProgramsError}. */
export async function findContainerdBinaries(disk: Disk, searchPath: string): Promise<ContainerdBinaries> {
  const folders = [
    ...new Set([...searchPath.split(':').filter((folder) => folder.startsWith('/')), ...PROGRAM_FOLDERS]),
  ];
  const found = new Map<string, string>();
  for (const program of Object.keys(PACKAGES)) {
    const path = await firstFile(
      disk,
      folders.map((folder) => `${folder}/${program}`),
    );
    if (path !== undefined) found.set(program, path);
  }
  const cniFolder = await cniFolderOf(disk);

  const missing = Object.entries(PACKAGES).filter(([program]) => !found.has(program));
  const programs = missing.map(([program]) => program);
  const packages = missing.map(([, name]) => name as string);
  if (cniFolder === undefined) {
    programs.push(`the CNI plugins ${CNI_PLUGINS.join(', ')}`);
    packages.push('containernetworking-plugins');
  }
  const [containerd, ctr, runc] = [found.get('containerd'), found.get('ctr'), found.get('runc')];
  if (
    programs.length > 0 ||
    containerd === undefined ||
    ctr === undefined ||
    runc === undefined ||
    cniFolder === undefined
  ) {
    throw new MissingProgramsError(programs, [...new Set(packages)]);
  }
  return { containerd, ctr, runc, cniFolder, path: folders.join(':') };
}

async function cniFolderOf(disk: Disk): Promise<string | undefined> {
  for (const folder of CNI_FOLDERS) {
    const plugins = await disk.list(folder);
    if (CNI_PLUGINS.every((plugin) => plugins.includes(plugin))) return folder;
  }
  return undefined;
}

async function firstFile(disk: Disk, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const stat = await disk.stat(path);
    if (stat?.type === 'file' || stat?.type === 'symlink') return path;
  }
  return undefined;
}
