import type { ApplicationInstance } from '#api/fleet/application-instance.ts';
import type { ApplicationRevision } from '#api/fleet/application-revision.ts';
import type { DesiredEntry } from '#link/wire.ts';

/** What an instance at the hub asks of its site; undefined while its revision is not there. */
export function desiredEntryOf(
  instance: ApplicationInstance,
  revision: ApplicationRevision | undefined,
): DesiredEntry | undefined {
  const { name, namespace = '' } = instance.metadata;
  const entry = { namespace, name, application: instance.spec.application };
  if (instance.metadata.deletionTimestamp !== undefined) return { ...entry, state: 'remove' };
  if (revision?.spec.signature === undefined || revision.spec.digest !== instance.spec.revision.digest)
    return undefined;
  return {
    ...entry,
    state: 'run',
    revision: {
      name: revision.metadata.name,
      digest: revision.spec.digest,
      sizeBytes: new TextEncoder().encode(revision.spec.manifests).length,
      signature: revision.spec.signature,
    },
  };
}
