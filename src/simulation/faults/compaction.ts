import { between, oneOf } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';

/** No fault, but as unwelcome to a watch: a store forgets its past. */
export const compaction: Fault = {
  name: 'compaction',
  weight: 1,
  begin(world, random) {
    const where = oneOf(random, ['hub', ...world.sites.map((site) => site.name)]);
    const { running } = where === 'hub' ? world.hub : world.site(where);
    if (running === undefined) return undefined;
    void running.store.compact(Math.max(1, running.store.revision - between(random, 0, 5)));
    return { where, text: 'store compacted', durationMs: 0, end: () => undefined };
  },
};
