import { createHash } from 'node:crypto';

/** A file of an archive. */
export interface ArchiveFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** Permission bits; 0644 where absent. */
  readonly mode?: number;
}

const BLOCK_BYTES = 512;

/** The longest path that an archive's header holds, in bytes. */
const PATH_BYTES_MAX = 100;

/** A ustar archive of regular files, owned by root, of time 0: the same files give the same bytes (POSIX.1-1988 ustar). */
export function tarArchive(files: readonly ArchiveFile[]): Uint8Array {
  const blocks: Uint8Array[] = files.flatMap((file) => [
    tarHeader(file),
    file.content,
    padding(file.content.length),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function tarHeader({ path, content, mode = 0o644 }: ArchiveFile): Uint8Array {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new RangeError(`"${path}" is longer than ${PATH_BYTES_MAX} bytes`);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(path, 0);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  // The checksum is taken with spaces in its own place.
  header.fill(' ', 148, 156);
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function padding(length: number): Uint8Array {
  return Buffer.alloc((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** One architecture's image of an archive: a single layer and how it is run. */
export interface ArchiveImage {
  readonly architecture: 'amd64' | 'arm64';
  readonly files: readonly ArchiveFile[];
  readonly config: { readonly Entrypoint: readonly string[]; readonly User?: string };
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * An OCI image layout as a tar archive, as `ctr images import` takes it: one name, an image for each architecture
 * (opencontainers/image-spec, "Image Layout"; the name is in containerd's annotation).
 */
export function ociArchive(name: string, images: readonly ArchiveImage[]): Uint8Array {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, content: Uint8Array): Descriptor => {
    const hash = createHash('sha256').update(content).digest('hex');
    blobs.set(`blobs/sha256/${hash}`, content);
    return {
      mediaType: `application/vnd.oci.image.${mediaType}`,
      digest: `sha256:${hash}`,
      size: content.length,
    };
  };
  const addJson = (mediaType: string, content: unknown): Descriptor => add(mediaType, json(content));

  const manifests = images.map(({ architecture, files, config }) => {
    const layer = add('layer.v1.tar', tarArchive(files));
    const platform = { architecture, os: 'linux' };
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const image = addJson('config.v1+json', { ...platform, config, rootfs });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = addJson('manifest.v1+json', {
      schemaVersion: 2,
      mediaType,
      config: image,
      layers: [layer],
    });
    return { ...manifest, platform };
  });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = addJson('index.v1+json', { schemaVersion: 2, mediaType, manifests });
  const named = { ...index, annotations: { 'io.containerd.image.name': name } };
  return tarArchive([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: json({ schemaVersion: 2, mediaType, manifests: [named] }) },
    ...[...blobs].map(([path, content]) => ({ path, content })),
  ]);
}

function json(content: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(content));
}
