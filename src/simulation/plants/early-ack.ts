import type { Plant } from '#simulation/plant.ts';
import type { LoggedCommit } from '#store/memory-log.ts';

/** How long after its acknowledgement a commit reaches the disk, in milliseconds. */
const LATE_MS = 500;

/** A store that says that a write is durable before it is, as a disk does whose cache lies. */
export const earlyAck: Plant = {
  name: 'early-ack',
  text: 'writes are acknowledged before they are durable',
  log(log, { clock }) {
    let waiting: LoggedCommit[] = [];
    return {
      ...log,
      async append(commits) {
        waiting.push(...commits);
        if (waiting.length > commits.length) return;
        clock.after(LATE_MS, () => {
          void log.append(waiting);
          waiting = [];
        });
      },
    };
  },
};
