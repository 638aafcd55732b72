import type { Host } from '#scheduler/host.ts';
import { SCORE_MAX, type Score } from '#scheduler/surroundings.ts';

/** Less than this is soon pulled; more than that for each image makes no further difference. In bytes. */
const WORTH_BYTES_MIN = 23 * 1024 * 1024;
const WORTH_BYTES_MAX = 1000 * 1024 * 1024;

/** Prefers hosts that hold the images already, big ones before small ones, and the more so the more hosts hold them. */
export const imageLocalityScore: Score = {
  name: 'ImageLocality',
  weight: 1,
  prepare: ({ images }, { hosts }, feasible) => {
    if (images.length === 0 || feasible.length < 2) return undefined;
    const shares = images.map(
      (image) => hosts.filter((host) => bytesOf(host, image) > 0).length / hosts.length,
    );
    if (shares.every((share) => share === 0)) return undefined;
    const most = WORTH_BYTES_MAX * images.length;
    return (host) => {
      const bytes = images.reduce(
        (sum, image, index) => sum + bytesOf(host, image) * (shares[index] ?? 0),
        0,
      );
      const worth = Math.min(most, Math.max(WORTH_BYTES_MIN, bytes));
      return (SCORE_MAX * (worth - WORTH_BYTES_MIN)) / (most - WORTH_BYTES_MIN);
    };
  },
};

/** An image without tag or digest is the tag `latest`. */
function bytesOf({ images }: Host, image: string): number {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return images.get(last.includes(':') || last.includes('@') ? image : `${image}:latest`) ?? 0;
}
