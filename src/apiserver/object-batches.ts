/** The most objects that one turn of the event loop decodes: some milliseconds of work. */
export const OBJECTS_PER_TURN_MAX = 200;

/** `items` in their order, in batches of which each is the work of one turn. */
export function batchesOf<T>(items: readonly T[]): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += OBJECTS_PER_TURN_MAX)
    batches.push(items.slice(start, start + OBJECTS_PER_TURN_MAX));
  return batches;
}
