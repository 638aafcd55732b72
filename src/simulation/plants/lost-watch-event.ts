import type { Plant } from '#simulation/plant.ts';
import type { StoreEvent } from '#store/store.ts';

/** Of so many events that a process's watches deliver, one is lost. */
const EVENTS_PER_LOSS = 50;

/** A store whose watches leave something out now and then. */
export const lostWatchEvent: Plant = {
  name: 'lost-watch-event',
  text: `one of ${EVENTS_PER_LOSS} watch events is lost`,
  store(store) {
    let delivered = 0;
    const isKept = (_event: StoreEvent): boolean => {
      delivered += 1;
      return delivered % EVENTS_PER_LOSS !== 0;
    };
    return new Proxy(store, {
      get(target, property) {
        if (property === 'watch') {
          const watch: typeof store.watch = (prefix, after, watcher) =>
            target.watch(prefix, after, {
              events: (batch) => watcher.events(batch.filter(isKept)),
              end: (reason) => watcher.end(reason),
            });
          return watch;
        }
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  },
};
