import { type DataLayout, type Machine, pidPathOf } from '#cli/machine.ts';
import { CommandError, type Screen } from '#cli/screen.ts';
import { type Clock, sleep } from '#system/clock.ts';
import { PROGRAM_MARK, readPid } from '#system/data-folder.ts';
import type { System } from '#system/system.ts';

/** How long a process may take to end by itself before it is killed, in milliseconds. */
const STOP_MS_MAX = 20_000;

/**
 * Stops what `up` started: sites first, with their pods, then the hub. Data stays, so that `up` goes on where this ended;
 * `purge` removes that too, and every trace on the machine.
 */
export async function down(
  { layout, purge }: { layout: DataLayout; purge: boolean },
  machine: Machine,
  { system, screen }: { system: System; screen: Screen },
): Promise<void> {
  const { disk } = system;
  if ((await disk.stat(layout.root)) === undefined) {
    throw new CommandError(
      `there is nothing in ${layout.root}: name the folder that "skerry up" was given with --data`,
    );
  }
  const sites = await disk.list(`${layout.root}/sites`);
  for (const site of sites) {
    const folder = layout.site(site);
    await stopProcess(pidPathOf(folder, 'site'), system);
    await (purge ? machine.purgeSite(folder) : machine.stopSite(folder));
    screen.say(`Site ${site} is stopped${purge ? ' and purged' : ''}`);
  }
  await stopProcess(pidPathOf(layout.hub, 'hub'), system);
  screen.say('The hub is stopped');
  if (purge) {
    await disk.remove(layout.root);
    screen.say(`${layout.root} is removed`);
  }
}

/** Asks the process of a pid file to end, kills it where it does not, and returns when it has. */
async function stopProcess(pidPath: string, { disk, processes, clock }: System): Promise<void> {
  const pid = await readPid(pidPath, disk);
  if (pid === undefined || !(await processes.isAlive(pid, PROGRAM_MARK))) return;
  processes.signal(pid, 'SIGTERM');
  if (await hasEnded(pid, { processes, clock, withinMs: STOP_MS_MAX })) return;
  processes.signal(pid, 'SIGKILL');
  await hasEnded(pid, { processes, clock, withinMs: STOP_MS_MAX });
}

async function hasEnded(
  pid: number,
  { processes, clock, withinMs }: { processes: System['processes']; clock: Clock; withinMs: number },
): Promise<boolean> {
  const deadlineMs = clock.monotonic() + withinMs;
  while (clock.monotonic() < deadlineMs) {
    if (!(await processes.isAlive(pid, PROGRAM_MARK))) return true;
    await sleep(clock, 50);
  }
  return false;
}
