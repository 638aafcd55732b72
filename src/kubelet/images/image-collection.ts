import type { Pod } from '#api/core/pod.ts';
import { fullImageName } from '#cri/image-name.ts';
import { PAUSE_IMAGE } from '#cri/pause-image.ts';
import type { Container, Image } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { containersOf } from '#kubelet/pod-container.ts';
import { pause } from '#system/clock.ts';

/** Images are removed when the disk is fuller than the first, until it is no fuller than the second (Kubernetes' defaults). */
const USED_PART = { high: 0.85, low: 0.8 };

/** An image is kept for so long after it was last needed, in milliseconds. */
const IDLE_MS_MIN = 120_000;

/** Between two looks at the disk, in milliseconds. */
const LOOK_MS = 300_000;

/** What is known of the images of a host and of the room that they take. */
export interface ImageCollection {
  readonly images: readonly Image[];
  /** Names, digests and ids of images that containers or pods of this host name. */
  readonly needed: ReadonlySet<string>;
  /** When an image was last needed, or first seen, by id: monotonic milliseconds. */
  readonly lastNeededMs: ReadonlyMap<string, number>;
  readonly space: { readonly totalBytes: number; readonly freeBytes: number };
  readonly monotonicMs: number;
}

/** Images to be removed so that the disk is no longer too full, those first that were not needed for longest. Pure. */
export function imagesToRemove({
  images,
  needed,
  lastNeededMs,
  space,
  monotonicMs,
}: ImageCollection): Image[] {
  const usedBytes = space.totalBytes - space.freeBytes;
  if (usedBytes <= space.totalBytes * USED_PART.high) return [];
  let surplusBytes = usedBytes - space.totalBytes * USED_PART.low;
  const idleSince = (image: Image): number => lastNeededMs.get(image.id) ?? monotonicMs;
  const removed: Image[] = [];
  for (const image of images.toSorted((a, b) => idleSince(a) - idleSince(b))) {
    if (surplusBytes <= 0) break;
    if (isNeeded(image, needed) || monotonicMs - idleSince(image) < IDLE_MS_MIN) continue;
    removed.push(image);
    surplusBytes -= image.sizeBytes;
  }
  return removed;
}

function isNeeded({ id, tags, digests }: Image, needed: ReadonlySet<string>): boolean {
  return [id, ...tags, ...digests].some((name) => needed.has(name));
}

/** Every name under which the containers and pods of this host need an image. */
export function neededImages(containers: readonly Container[], pods: readonly Pod[]): Set<string> {
  const wanted = pods.flatMap((pod) => containersOf(pod).map(({ spec }) => spec.image ?? ''));
  const used = containers.flatMap(({ image, imageId }) => [image, imageId]);
  return new Set([PAUSE_IMAGE, ...used, ...wanted.map(fullImageName)]);
}

/** Looks after the space that images take until `signal` aborts. */
export async function collectImages(
  context: {
    host: Pick<KubeletHost, 'runtime' | 'disk' | 'clock' | 'log' | 'paths'>;
    needed: () => ReadonlySet<string>;
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = context.host;
  const lastNeededMs = new Map<string, number>();
  while (!signal.aborted) {
    try {
      await collectOnce({ ...context, lastNeededMs });
    } catch (error) {
      log.info('unneeded images could not be looked for', { error });
    }
    await pause(clock, LOOK_MS, signal);
  }
}

async function collectOnce({
  host: { runtime, disk, clock, log, paths },
  needed,
  lastNeededMs,
}: Parameters<typeof collectImages>[0] & { lastNeededMs: Map<string, number> }): Promise<void> {
  const monotonicMs = clock.monotonic();
  const images = await runtime.listImages();
  const names = needed();
  for (const image of images) {
    if (isNeeded(image, names) || !lastNeededMs.has(image.id)) lastNeededMs.set(image.id, monotonicMs);
  }
  const space = await disk.space(paths.data);
  for (const image of imagesToRemove({ images, needed: names, lastNeededMs, space, monotonicMs })) {
    log.info('an image that nothing needs is removed: the disk is nearly full', {
      image: image.tags[0] ?? image.id,
    });
    await runtime.removeImage(image.id);
    lastNeededMs.delete(image.id);
  }
}
