// OCI image layouts as tar archives (opencontainers/image-spec, "Image Layout").

import { createHash } from 'node:crypto';
import { tar } from './tar.mjs';

/**
 * @typedef {{ names: string[], layers: Buffer[], config: Record<string, unknown> }} Image
 * `names` are full references, `layers` are uncompressed tar archives, `config` is the OCI configuration's `config`.
 */

/** An archive of images that `ctr images import` takes; layers that images share are in it once. */
export function ociArchive(/** @type {Image[]} */ images, /** @type {string} */ architecture) {
  /** @type {Map<string, Buffer>} */
  const blobs = new Map();
  const add = (/** @type {string} */ type, /** @type {Buffer} */ content) => {
    const hash = createHash('sha256').update(content).digest('hex');
    blobs.set(`blobs/sha256/${hash}`, content);
    return { mediaType: `application/vnd.oci.image.${type}`, digest: `sha256:${hash}`, size: content.length };
  };
  const manifests = images.flatMap(({ names, layers, config }) => {
    const added = layers.map((layer) => add('layer.v1.tar', layer));
    const rootfs = { type: 'layers', diff_ids: added.map((layer) => layer.digest) };
    const described = add(
      'config.v1+json',
      json({ created: '1970-01-01T00:00:00Z', architecture, os: 'linux', config, rootfs }),
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = add(
      'manifest.v1+json',
      json({ schemaVersion: 2, mediaType, config: described, layers: added }),
    );
    // Each repository also by digest, as if the image had been pulled from there.
    const repositories = new Set(names.map((name) => name.slice(0, name.lastIndexOf(':'))));
    const digests = [...repositories].map((repository) => `${repository}@${manifest.digest}`);
    return [...names, ...digests].map((name) => ({
      ...manifest,
      platform: { architecture, os: 'linux' },
      annotations: { 'io.containerd.image.name': name },
    }));
  });
  const files = [
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    [
      'index.json',
      json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }),
    ],
    ...blobs,
  ];
  return tar(files.map(([path, content]) => ({ path, type: 'file', content, mode: 0o644 })));
}

function json(/** @type {unknown} */ value) {
  return Buffer.from(JSON.stringify(value));
}
