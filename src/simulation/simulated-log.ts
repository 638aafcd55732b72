import { happens } from '#simulation/chance.ts';
import type { ProcessLife } from '#simulation/process-life.ts';
import type { DurableLog, LoggedCommit } from '#store/memory-log.ts';
import { sleep } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

/** How long a disk takes to make a commit durable, in milliseconds; faults change it. */
export interface DiskSpeed {
  commitMs: number;
}

/** What a healthy disk takes, in milliseconds. */
export const COMMIT_MS = 1;

/**
 * A durable log on a disk that takes its time, as one process reaches it. Where the process dies in the middle of an
 * append, the commits are kept or not, by chance; nobody was told of them.
 */
export function logOnDisk(
  kept: DurableLog,
  { life, speed, random }: { life: ProcessLife; speed: DiskSpeed; random: Random },
): DurableLog {
  const never = new Promise<never>(() => undefined);
  const append = async (commits: readonly LoggedCommit[]): Promise<void> => {
    if (life.isDead) return never;
    const settled = life.onDeath(() => {
      if (happens(random, 50)) void kept.append(commits);
    });
    await sleep(life.clock, speed.commitMs);
    settled();
    await kept.append(commits);
    return undefined;
  };
  return {
    read: () => kept.read(),
    append,
    replace: (content) => (life.isDead ? never : kept.replace(content)),
  };
}
