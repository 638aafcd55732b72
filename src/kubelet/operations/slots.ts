/** Runs work, so much of it at a time; the rest waits its turn. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

/** At most `max` pieces of work at a time, in the order in which they came. */
export function createSlots(max: number): Slots {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (work) => {
    if (busy >= max) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}
