import { namespaceResource } from '#api/core/namespace.ts';
import {
  type ApplicationInstance,
  applicationInstanceResource,
  CLEANUP_FINALIZER,
} from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { WantedBundle } from '#link/bundle-fetches.ts';
import type { DesiredEntry } from '#link/wire.ts';
import { verifyBundle } from '#pki/bundle-signature.ts';
import { sha256Digest } from '#pki/digest.ts';

/** A bundle is not what the hub signed, or not signed by a hub that is trusted: trying again will not help. */
export class RefusedBundleError extends Error {
  override readonly name = 'RefusedBundleError';
}

export interface AcceptOptions {
  /** Of the site's own API. */
  readonly client: Client;
  readonly trustedBundleKeys: readonly string[];
  readonly site: string;
  readonly fetch: (wanted: WantedBundle) => Promise<Uint8Array>;
}

/**
 * Takes one entry of desired state into the site's own API: first the bundle, verified, then the wish to run it. `gone`: a
 * removal of what is not here. Throws where the bundle is not what the hub signed: then nothing has changed.
 */
export async function acceptEntry(entry: DesiredEntry, options: AcceptOptions): Promise<'accepted' | 'gone'> {
  const name = { namespace: entry.namespace, name: entry.name };
  const { client } = options;
  if (entry.state === 'remove') {
    if ((await client.find(applicationInstanceResource, name)) === undefined) return 'gone';
    await client.delete(applicationInstanceResource, name);
    return 'accepted';
  }
  await ensure(() =>
    client.create(namespaceResource, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: entry.namespace },
      spec: {},
    }),
  );
  await ensureBundle(entry, options);
  await ensureInstance(entry, options);
  return 'accepted';
}

async function ensureBundle(
  entry: Extract<DesiredEntry, { state: 'run' }>,
  options: AcceptOptions,
): Promise<void> {
  const { client, trustedBundleKeys } = options;
  const { name, digest, sizeBytes, signature } = entry.revision;
  if (!verifyBundle(digest, signature, trustedBundleKeys)) {
    throw new RefusedBundleError(
      `the bundle ${digest} of application "${entry.application}" is not signed by a key that this site trusts`,
    );
  }
  const known = await client.find(applicationRevisionResource, { namespace: entry.namespace, name });
  if (known?.spec.digest === digest) return;
  const bytes = await options.fetch({ namespace: entry.namespace, revision: name, digest, sizeBytes });
  const arrived = sha256Digest(bytes);
  if (arrived !== digest)
    throw new RefusedBundleError(
      `the bundle of application "${entry.application}" has digest ${arrived}, ${digest} was announced`,
    );
  await ensure(() =>
    client.create(applicationRevisionResource, bundleObject(entry, new TextDecoder().decode(bytes))),
  );
}

function bundleObject(
  entry: Extract<DesiredEntry, { state: 'run' }>,
  manifests: string,
): Omit<ApplicationRevision, 'metadata'> & { metadata: { name: string; namespace: string } } {
  const objects = (
    JSON.parse(manifests) as {
      apiVersion: string;
      kind: string;
      metadata: { name: string; namespace?: string };
    }[]
  ).map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  }));
  const { name, digest, signature } = entry.revision;
  return {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'ApplicationRevision',
    metadata: { name, namespace: entry.namespace },
    spec: { application: entry.application, digest, manifests, objects, signature },
  };
}

async function ensureInstance(
  entry: Extract<DesiredEntry, { state: 'run' }>,
  { client, site }: AcceptOptions,
): Promise<void> {
  const name = { namespace: entry.namespace, name: entry.name };
  const revision = { name: entry.revision.name, digest: entry.revision.digest };
  const known: ApplicationInstance | undefined = await client.find(applicationInstanceResource, name);
  if (known === undefined) {
    await ensure(() =>
      client.create(applicationInstanceResource, {
        apiVersion: 'fleet.skerry.io/v1alpha1',
        kind: 'ApplicationInstance',
        metadata: { ...name, finalizers: [CLEANUP_FINALIZER] },
        spec: { application: entry.application, site, revision },
      }),
    );
  } else if (known.metadata.deletionTimestamp !== undefined) {
    throw new Error(
      `application "${entry.application}" is still being removed here; it can come back once that is done`,
    );
  } else if (known.spec.revision.digest !== revision.digest || known.spec.revision.name !== revision.name) {
    await client.patch(applicationInstanceResource, name, {
      patchType: 'merge',
      patch: { spec: { revision } },
    });
  }
}

async function ensure(creating: () => Promise<unknown>): Promise<void> {
  try {
    await creating();
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
  }
}
