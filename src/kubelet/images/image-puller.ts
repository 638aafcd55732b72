import { type Image, ImagePullError, type RegistryCredentials, type Runtime } from '#cri/runtime.ts';
import { isImageName, isPinned } from '#kubelet/images/image-name.ts';
import { createSlots } from '#kubelet/operations/slots.ts';
import { StartError } from '#kubelet/start-error.ts';
import type { Clock } from '#system/clock.ts';

/** Pulls at a time: several, so that a large image does not hold up small ones; few, as they share one link. */
const CONCURRENT_PULLS_MAX = 3;

/** One container’s wish for its image. */
export interface ImageWanted {
  /** As the container's spec names it. */
  readonly image: string;
  readonly policy: 'Always' | 'IfNotPresent' | 'Never';
  /** Tried one after the other; where there are none, the image is pulled as anybody may. */
  readonly credentials: readonly RegistryCredentials[];
  readonly announce: (event: { eventType: 'Normal' | 'Warning'; reason: string; message: string }) => void;
  /** Ends the wait; a pull that others wait for goes on. */
  readonly signal: AbortSignal;
}

/** Sees to it that an image is on this host. */
export interface ImagePuller {
  /** Throws StartError ErrImagePull, ErrImageNeverPull or InvalidImageName with one sentence for people. */
  ensure(wanted: ImageWanted): Promise<Image>;
}

/**
 * An image that is named by digest is not pulled again where it is here. With policy Always, an image that is here is used
 * where no registry can be reached: a site that is cut off starts what it has run before.
 */
export function createImagePuller(runtime: Runtime, clock: Clock): ImagePuller {
  const slots = createSlots(CONCURRENT_PULLS_MAX);
  const underWay = new Map<string, Promise<string>>();

  const pull = ({ image, credentials }: ImageWanted): Promise<string> => {
    // Whoever shows other credentials waits for no one else's pull.
    const key = JSON.stringify([image, credentials]);
    const existing = underWay.get(key);
    if (existing !== undefined) return existing;
    const pulling = slots(() => pullWithAny(runtime, image, credentials)).finally(() => underWay.delete(key));
    underWay.set(key, pulling);
    return pulling;
  };

  const fetch = async (wanted: ImageWanted): Promise<Image> => {
    const { image, announce, signal } = wanted;
    const sinceMs = clock.monotonic();
    announce({ eventType: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` });
    const id = await until(pull(wanted), signal);
    const pulled = (await runtime.imageStatus(image)) ?? (await runtime.imageStatus(id));
    if (pulled === undefined)
      throw new StartError(
        'ErrImagePull',
        `the image "${image}" was pulled, but the runtime does not have it`,
      );
    const seconds = ((clock.monotonic() - sinceMs) / 1000).toFixed(3);
    const message = `Successfully pulled image "${image}" in ${seconds}s. Image size: ${pulled.sizeBytes} bytes.`;
    announce({ eventType: 'Normal', reason: 'Pulled', message });
    return pulled;
  };

  return {
    async ensure(wanted) {
      const { image, policy, announce } = wanted;
      if (!isImageName(image))
        throw new StartError(
          'InvalidImageName',
          `couldn't parse image name "${image}": invalid reference format`,
        );
      const present = await runtime.imageStatus(image);
      if (present !== undefined && (policy !== 'Always' || isPinned(image))) {
        announce({
          eventType: 'Normal',
          reason: 'Pulled',
          message: `Container image "${image}" already present on machine`,
        });
        return present;
      }
      if (policy === 'Never') {
        throw new StartError(
          'ErrImageNeverPull',
          `Container image "${image}" is not present with pull policy of Never`,
        );
      }
      try {
        return await fetch(wanted);
      } catch (error) {
        if (!(error instanceof ImagePullError)) throw error;
        if (present === undefined || error.reason !== 'unavailable') throw pullFailure(image, error);
        const message = `No registry could be reached to look for a newer image "${image}": the one on this host is used`;
        announce({ eventType: 'Warning', reason: 'Failed', message });
        return present;
      }
    },
  };
}

/** Pulls with the first credentials that the registry accepts. */
async function pullWithAny(
  runtime: Runtime,
  image: string,
  credentials: readonly RegistryCredentials[],
): Promise<string> {
  for (const shown of credentials.slice(0, -1)) {
    try {
      return await runtime.pullImage(image, shown);
    } catch (error) {
      if (!(error instanceof ImagePullError) || error.reason === 'unavailable') throw error;
    }
  }
  return runtime.pullImage(image, credentials.at(-1));
}

const WHY: Readonly<Record<ImagePullError['reason'], string>> = {
  notFound: 'no registry has it',
  unavailable: 'no registry could be reached',
  refused: 'its registry refuses it',
};

function pullFailure(image: string, error: ImagePullError): StartError {
  const message = `Failed to pull image "${image}": it is not on this host and ${WHY[error.reason]} (${error.message})`;
  return new StartError('ErrImagePull', message, { cause: error });
}

/** The work's outcome, or the signal's reason as soon as it aborts. */
function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
