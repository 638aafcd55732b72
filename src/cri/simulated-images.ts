import { createHash } from 'node:crypto';
import { fullImageName, splitTag } from '#cri/image-name.ts';
import { interpret, type Program } from '#cri/simulated-program.ts';

/** How an image of a simulation behaves. */
export interface SimulatedImage {
  readonly sizeBytes: number;
  /** What a container of it does, given its command and arguments; empty where the pod gives none. */
  readonly program: (command: readonly string[]) => Program;
  /** Whether its own program ends by itself on SIGTERM, with code 0. A shell or `sleep` as the first process does not. */
  readonly heedsTerm: boolean;
  /** A server answers on any port from so long after its start, in milliseconds; absent: it answers never. */
  readonly answersAfterMs?: number;
  /** What it holds in memory, in bytes. */
  readonly memoryBytes: number;
}

/** The image of a reference in a registry; undefined where there is none. */
export type ImageCatalogue = (reference: string) => SimulatedImage | undefined;

/** Images whose own program is a shell: without a command they end at once. */
const SHELL_IMAGES = new Set(['busybox', 'alpine', 'debian', 'ubuntu', 'hello-world', 'bash']);

const MEBIBYTE = 1024 * 1024;

/** A catalogue in which every well-formed name exists: a shell image ends at once, every other is a server. */
export const anyImage: ImageCatalogue = (reference) => {
  const repository = splitTag(fullImageName(reference).split('@')[0] ?? '').repository;
  return SHELL_IMAGES.has(repository.slice(repository.lastIndexOf('/') + 1)) ? shellImage : serverImage;
};

/** An image like busybox. */
export const shellImage: SimulatedImage = {
  sizeBytes: 2 * MEBIBYTE,
  program: (command) => interpret(command.length === 0 ? ['sh'] : command) ?? { prints: [] },
  heedsTerm: false,
  memoryBytes: MEBIBYTE,
};

/** An image like nginx: it runs until it is stopped, unless it is given a command that does not. */
export const serverImage: SimulatedImage = {
  sizeBytes: 20 * MEBIBYTE,
  program: (command) => interpret(command) ?? { prints: [{ afterMs: 20, text: 'ready' }] },
  heedsTerm: true,
  answersAfterMs: 50,
  memoryBytes: 8 * MEBIBYTE,
};

/** The id that a simulated image has: of its name, so that another tag is another image. */
export function simulatedImageId(reference: string): string {
  const full = fullImageName(reference);
  return full.startsWith('sha256:') ? full : `sha256:${createHash('sha256').update(full).digest('hex')}`;
}
