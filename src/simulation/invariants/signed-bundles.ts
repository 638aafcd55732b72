import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { verifyBundle } from '#pki/bundle-signature.ts';
import { sha256Digest } from '#pki/digest.ts';
import type { InvariantMaker } from '#simulation/invariant.ts';
import { nameOfStoreKey, storedObject } from '#simulation/stored-object-view.ts';

/** A site keeps only bundles whose content has the digest that the hub's key signed. What it runs is made of those. */
export const signedBundles: InvariantMaker = (world, broken) => ({
  name: 'signed-bundles',
  committed(place, operations) {
    if (place === 'hub') return;
    for (const operation of operations) {
      if (
        operation.type !== 'put' ||
        nameOfStoreKey(applicationRevisionResource, operation.key) === undefined
      )
        continue;
      const { metadata, spec } = storedObject<ApplicationRevision>(operation.value);
      const digest = sha256Digest(new TextEncoder().encode(spec.manifests));
      if (digest !== spec.digest)
        broken(`${place}: bundle ${metadata.name} has digest ${digest}, and says ${spec.digest}`);
      if (
        spec.signature === undefined ||
        !verifyBundle(spec.digest, spec.signature, [world.hub.signer.publicKey])
      ) {
        broken(`${place}: bundle ${metadata.name} is not signed by the hub`);
      }
    }
  },
});
