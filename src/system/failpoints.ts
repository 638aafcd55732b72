/**
 * Named places at which a test can make the process die, wait or fail, given by the environment variable
 * `SKERRY_FAILPOINTS` (docs/reference/failpoints.md). Where it is not set, a failpoint costs one comparison.
 */

/** Every place that there is. */
export const FAILPOINTS = [
  'commit.before',
  'commit.within',
  'commit.after',
  'commit.sync',
  'compact.before',
  'compact.within',
  'compact.after',
  'watch.before-send',
  'watch.after-send',
  'migrate.within',
  'migrate.after',
  'restore.before-commit',
  'restore.after-commit',
  'restore.in-place',
] as const;

export type Failpoint = (typeof FAILPOINTS)[number];

interface Armed {
  readonly action: 'kill' | 'sleep' | 'fail';
  /** Milliseconds of a sleep. */
  readonly argument: number;
  /** Passes that go by before it acts. */
  left: number;
}

let armed: Map<string, Armed> | undefined;

/** Does what was asked for at this place, if anything was. Throws where it is to fail. */
export function failpoint(name: Failpoint): void {
  if (armed !== undefined) act(name, armed.get(name));
}

/**
 * Arms failpoints as `name=action` says, several apart by `;`. An action is `kill` (SIGKILL of this process), `fail` (an error
 * as of a failing disk) or `sleep(MS)` (the process stands still), each with `@N` for the N-th pass only (`kill@3`); a sleep and
 * a failure without it happen each time. Throws where a name or an action is unknown.
 */
export function armFailpoints(text: string): void {
  const next = new Map<string, Armed>();
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const match =
      /^(?<name>[a-z.-]+)=(?<action>kill|fail|sleep)(?:\((?<argument>\d{1,6})\))?(?:@(?<pass>\d{1,9}))?$/u;
    const found = match.exec(part.trim())?.groups;
    const name = found?.name ?? '';
    if (found === undefined || !FAILPOINTS.some((each) => each === name)) {
      throw new Error(
        `SKERRY_FAILPOINTS: "${part}" is no failpoint: expected NAME=kill, NAME=fail or NAME=sleep(MS), with one of ${FAILPOINTS.join(', ')}`,
      );
    }
    next.set(name, {
      action: found.action as Armed['action'],
      argument: Number(found.argument ?? 0),
      left: found.pass === undefined ? -1 : Number(found.pass) - 1,
    });
  }
  armed = next.size === 0 ? undefined : next;
}

function act(name: Failpoint, each: Armed | undefined): void {
  if (each === undefined) return;
  if (each.left > 0) {
    each.left -= 1;
    return;
  }
  if (each.left === 0) armed?.delete(name);
  switch (each.action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      // The signal may take a moment; nothing may happen in it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
      return;
    case 'sleep':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, each.argument);
      return;
    case 'fail':
      throw Object.assign(new Error(`failpoint ${name}: disk I/O error`), {
        code: 'ERR_SQLITE_ERROR',
        errcode: SQLITE_IOERR_FSYNC,
      });
  }
}

/** What SQLite says of a failed fsync (https://www.sqlite.org/rescode.html#ioerr_fsync). */
const SQLITE_IOERR_FSYNC = 1034;
