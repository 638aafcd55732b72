import type { AccessMode } from '#api/core/persistent-volume-claim.ts';

/** What kubectl prints for a volume attribute that is not set. */
export const UNSET = '<unset>';

const ACCESS_MODE_SHORTHANDS: readonly [AccessMode, string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

/** `RWO,ROX`. */
export function formatAccessModes(modes: readonly AccessMode[] | undefined): string {
  return ACCESS_MODE_SHORTHANDS.filter(([mode]) => modes?.includes(mode))
    .map(([, shorthand]) => shorthand)
    .join(',');
}

/** The phase, or that the object is being deleted. */
export function volumePhase({
  metadata,
  status,
}: {
  metadata: { deletionTimestamp?: string };
  status?: { phase?: string };
}): string {
  return metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating';
}
