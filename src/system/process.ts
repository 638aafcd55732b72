/** What a finished command left behind. Output is UTF-8; each stream is cut at {@link OUTPUT_BYTES_MAX}. */
export interface CommandResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output kept of each stream of a command, in bytes; more is dropped. */
export const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;

/** A child process that goes on. */
export interface ChildProcess {
  readonly pid: number;
  /** Resolves when it has ended. Never rejects. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void;
}

/** Processes as an argument. */
export interface Processes {
  /** Runs a command to its end. Rejects only where it cannot be started (ENOENT) or `signal` aborts. */
  run(
    command: string,
    args: readonly string[],
    options?: { stdin?: string | Uint8Array; signal?: AbortSignal; env?: Record<string, string> },
  ): Promise<CommandResult>;
  /** Starts a process in a session of its own, with its output appended to `logPath`; it may outlive this one. */
  start(
    command: string,
    args: readonly string[],
    options: { logPath: string; env?: Record<string, string> },
  ): Promise<ChildProcess>;
  /** Whether a process of this id exists, and, where `commandContains` is given, has that in its command line. */
  isAlive(pid: number, commandContains?: string): Promise<boolean>;
  /** Sends a signal to a process by id; false where there is none. */
  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): boolean;
}
