import { fractionWarnings } from '#api/core/amount-warnings.ts';
import type { Volume, VolumeProjection, VolumeSources } from '#api/core/volume.ts';

/** Sources of volumes that are gone, or will be. `shown` is what they are called in paths, if not by their name. */
const OLD_SOURCES: readonly {
  readonly name: keyof VolumeSources;
  readonly shown?: string;
  readonly message: string;
}[] = [
  { name: 'photonPersistentDisk', message: 'deprecated in v1.11, non-functional in v1.16+' },
  { name: 'gitRepo', message: 'deprecated in v1.11, and disabled by default in v1.33+' },
  { name: 'scaleIO', message: 'deprecated in v1.16, non-functional in v1.22+' },
  { name: 'flocker', message: 'deprecated in v1.22, non-functional in v1.25+' },
  { name: 'storageos', shown: 'storageOS', message: 'deprecated in v1.22, non-functional in v1.25+' },
  { name: 'quobyte', message: 'deprecated in v1.22, non-functional in v1.25+' },
  { name: 'glusterfs', message: 'deprecated in v1.25, non-functional in v1.26+' },
  { name: 'cephfs', message: 'deprecated in v1.28, non-functional in v1.31+' },
  { name: 'rbd', message: 'deprecated in v1.28, non-functional in v1.31+' },
];

/** What a client is told of a pod's volumes. */
export function volumeWarnings(field: string, volumes: readonly Volume[]): string[] {
  return [
    ...volumes.flatMap((volume, index) => [
      ...oldSourceWarnings(`${field}[${index}]`, volume),
      ...claimWarnings(`${field}[${index}].ephemeral.volumeClaimTemplate.spec`, volume),
    ]),
    ...volumes.flatMap(overlapWarnings),
  ];
}

/** What is said of sources that are gone, or will be; not of those in `except`. */
export function oldSourceWarnings(
  field: string,
  sources: VolumeSources,
  except: readonly string[] = [],
): string[] {
  return OLD_SOURCES.flatMap(({ name, shown = name, message }) =>
    sources[name] === undefined || except.includes(name) ? [] : [`${field}.${shown}: ${message}`],
  );
}

function claimWarnings(field: string, { ephemeral }: Volume): string[] {
  const { requests, limits } = ephemeral?.volumeClaimTemplate?.spec.resources ?? {};
  return [
    ...fractionWarnings(`${field}.resources.requests`, requests, ['storage']),
    ...fractionWarnings(`${field}.resources.limits`, limits, ['storage']),
  ];
}

/** The most files of a volume that are compared with each other; of more, nothing is said. */
const OVERLAP_FILES_MAX = 256;

/** A file of a volume, and what it comes from; empty where the volume has one source. */
interface SourcedPath {
  readonly path: string;
  readonly source: string;
}

/** Files that another file of the same volume stands in the way of. */
function overlapWarnings({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const about = (what: string): string => `volume "${name}" (${what})`;
  return [
    ...overlaps(about(`ConfigMap "${configMap?.name ?? ''}"`), pathsOf(configMap?.items, '')),
    ...overlaps(about(`Secret "${secret?.secretName ?? ''}"`), pathsOf(secret?.items, '')),
    ...overlaps(about('DownwardAPI'), pathsOf(downwardAPI?.items, '')),
    ...(projected?.sources ?? [])
      .filter((source) => Object.keys(source).length === 0)
      .map(() => `${about('Projected')} has no sources provided`),
    ...overlaps(about('Projected'), (projected?.sources ?? []).flatMap(projectedPaths)),
  ];
}

function projectedPaths({
  configMap,
  secret,
  downwardAPI,
  serviceAccountToken,
}: VolumeProjection): SourcedPath[] {
  if (configMap?.items !== undefined) return pathsOf(configMap.items, `ConfigMap "${configMap.name ?? ''}"`);
  if (secret?.items !== undefined) return pathsOf(secret.items, `Secret "${secret.name ?? ''}"`);
  if (downwardAPI?.items !== undefined) return pathsOf(downwardAPI.items, 'DownwardAPI');
  return pathsOf(serviceAccountToken && [serviceAccountToken], 'ServiceAccountToken');
}

function pathsOf(items: readonly { path: string }[] = [], source: string): SourcedPath[] {
  return items.map(({ path }) => ({ path: path.replace(/\/+$/, ''), source }));
}

function overlaps(about: string, paths: readonly SourcedPath[]): string[] {
  return paths.slice(0, OVERLAP_FILES_MAX).flatMap((item, index) =>
    paths
      .slice(0, index)
      .filter((other) => isOneWithin(item.path, other.path))
      .map((other) => `${about}: overlapping paths: ${show(item)} with ${show(other)}`),
  );
}

function isOneWithin(a: string, b: string): boolean {
  return a !== '' && b !== '' && (`${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`));
}

function show({ path, source }: SourcedPath): string {
  return source === '' ? `"${path}"` : `"${path}" (${source})`;
}
