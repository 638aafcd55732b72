import { fractionWarnings } from '#api/core/amount-warnings.ts';
import type { EphemeralVolumeSource, Volume, VolumeProjection, VolumeSources } from '#api/core/volume.ts';

/** Sources of volumes that are gone, or will be, and what is said of each. */
const OLD_SOURCES: ReadonlyMap<string, string> = new Map<keyof VolumeSources, string>([
  ['photonPersistentDisk', 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker: deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd: deprecated in v1.28, non-functional in v1.31+'],
]);

/** What a client is told of a pod's volumes. */
export function volumeWarnings(field: string, volumes: readonly Volume[]): string[] {
  return [
    ...volumes.flatMap((volume, index) => [
      ...oldSourceWarnings(`${field}[${index}]`, volume),
      ...(volume.ephemeral === undefined
        ? []
        : claimWarnings(`${field}[${index}].ephemeral.volumeClaimTemplate.spec`, volume.ephemeral)),
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
  return Object.keys(sources).flatMap((name) => {
    const message = OLD_SOURCES.get(name);
    return message === undefined || except.includes(name) ? [] : [`${field}.${message}`];
  });
}

function claimWarnings(field: string, { volumeClaimTemplate }: EphemeralVolumeSource): string[] {
  const { requests, limits } = volumeClaimTemplate?.spec.resources ?? {};
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
  if (projected !== undefined) return projectedWarnings(name, projected.sources ?? []);
  if (configMap?.items !== undefined)
    return overlaps(name, `ConfigMap "${configMap.name ?? ''}"`, pathsOf(configMap.items, ''));
  if (secret?.items !== undefined)
    return overlaps(name, `Secret "${secret.secretName ?? ''}"`, pathsOf(secret.items, ''));
  return downwardAPI === undefined ? [] : overlaps(name, 'DownwardAPI', pathsOf(downwardAPI.items, ''));
}

function projectedWarnings(name: string, sources: readonly VolumeProjection[]): string[] {
  return [
    ...sources
      .filter((source) => Object.keys(source).length === 0)
      .map(() => `volume "${name}" (Projected) has no sources provided`),
    ...overlaps(name, 'Projected', sources.flatMap(projectedPaths)),
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

function overlaps(volume: string, what: string, paths: readonly SourcedPath[]): string[] {
  return paths.slice(0, OVERLAP_FILES_MAX).flatMap((item, index) =>
    paths
      .slice(0, index)
      .filter((other) => isOneWithin(item.path, other.path))
      .map((other) => `volume "${volume}" (${what}): overlapping paths: ${show(item)} with ${show(other)}`),
  );
}

function isOneWithin(a: string, b: string): boolean {
  return a !== '' && b !== '' && (`${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`));
}

function show({ path, source }: SourcedPath): string {
  return source === '' ? `"${path}"` : `"${path}" (${source})`;
}
