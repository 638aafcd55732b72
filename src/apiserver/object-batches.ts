import { type Clock, sleep } from '#system/clock.ts';

/** The most objects that one turn of the event loop decodes: some milliseconds of work. */
const OBJECTS_PER_TURN_MAX = 200;

/** `items` in their order, in batches, each in a turn of its own: what else the server does goes on between them. */
export async function* inTurns<T>(items: readonly T[], clock: Clock): AsyncGenerator<readonly T[]> {
  for (let start = 0; start < items.length; start += OBJECTS_PER_TURN_MAX) {
    if (start > 0) await sleep(clock, 0);
    yield items.slice(start, start + OBJECTS_PER_TURN_MAX);
  }
}
