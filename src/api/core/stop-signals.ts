const REAL_TIME = Array.from({ length: 15 }, (_, index) => `SIGRTMIN+${index + 1}`);
const REAL_TIME_LAST = Array.from({ length: 14 }, (_, index) => `SIGRTMAX-${index + 1}`);

/** Signals that can stop a container on Linux, in the order of their names. */
const LINUX_SIGNALS: readonly string[] = [
  ...'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
    .split(' ')
    .map((name) => `SIG${name}`),
  ...REAL_TIME,
  ...REAL_TIME_LAST,
].sort();

/** The signals that can stop a container on an operating system; undefined where it is not known. */
export function signalsOf(operatingSystem: string): readonly string[] | undefined {
  switch (operatingSystem) {
    case 'linux':
      return LINUX_SIGNALS;
    case 'windows':
      return ['SIGKILL', 'SIGTERM'];
    default:
      return undefined;
  }
}
