import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { ociArchive, tarArchive } from '#cri/oci-archive.ts';
import { PAUSE_IMAGE, pauseAmd64, pauseArm64, pauseImageArchive } from '#cri/pause-image.ts';

/** The files of a tar archive, with their checksums verified. */
function untar(archive: Uint8Array): Map<string, Buffer> {
  const bytes = Buffer.from(archive);
  const files = new Map<string, Buffer>();
  for (let at = 0; bytes[at] !== 0; ) {
    const header = Buffer.from(bytes.subarray(at, at + 512));
    const text = (from: number, length: number): string =>
      header.toString('utf8', from, from + length).replace(/[\0 ].*$/su, '');
    const sum = Number.parseInt(text(148, 8), 8);
    header.fill(' ', 148, 156);
    assert.equal(
      header.reduce((total, byte) => total + byte, 0),
      sum,
    );
    const size = Number.parseInt(text(124, 12), 8);
    files.set(text(0, 100), bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

describe('the pause image', () => {
  it('holds the smallest programs for both architectures', () => {
    assert.equal(pauseAmd64().length, 188);
    assert.equal(pauseArm64().length, 208);
  });

  it('is one name with an image for each architecture, every blob under its digest', () => {
    const files = untar(pauseImageArchive());
    const read = (path: string) => JSON.parse(files.get(path)?.toString() ?? 'null');
    const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
    const [named] = read('index.json').manifests;
    assert.equal(named.annotations['io.containerd.image.name'], PAUSE_IMAGE);
    const { manifests } = read(blob(named.digest));
    assert.deepEqual(
      manifests.map((manifest: { platform: unknown }) => manifest.platform),
      [
        { architecture: 'amd64', os: 'linux' },
        { architecture: 'arm64', os: 'linux' },
      ],
    );
    for (const { digest } of manifests) {
      const manifest = read(blob(digest));
      const config = read(blob(manifest.config.digest));
      assert.deepEqual(config.rootfs.diff_ids, [manifest.layers[0].digest]);
      assert.deepEqual(config.config.Entrypoint, ['/pause']);
    }
    for (const [path, content] of files) {
      if (path.startsWith('blobs/'))
        assert.equal(path, `blobs/sha256/${createHash('sha256').update(content).digest('hex')}`);
    }
  });

  it('has the same bytes each time, so that importing it again changes nothing', () => {
    assert.deepEqual(pauseImageArchive(), pauseImageArchive());
  });
});

describe('an OCI archive', () => {
  it('refuses a path that its header cannot hold', () => {
    const content = new Uint8Array(0);
    assert.equal(tarArchive([{ path: 'x'.repeat(100), content }]).length, 1536);
    assert.throws(() => tarArchive([{ path: 'x'.repeat(101), content }]), /longer than 100 bytes/u);
  });

  it('holds what two images share once', () => {
    const image = { architecture: 'amd64' as const, files: [], config: { Entrypoint: ['/a'] } };
    assert.equal(
      untar(ociArchive('a:1', [image, { ...image, config: { Entrypoint: ['/b'] } }])).size,
      2 + 1 + 2 + 2 + 1,
    );
  });
});
