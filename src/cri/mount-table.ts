/** A mount of this host. */
export interface MountEntry {
  readonly mountPoint: string;
  readonly fileSystem: string;
}

/** The mounts in the text of `/proc/self/mountinfo`, in the order they were made (proc(5)). */
export function parseMountTable(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const mountPoint = before?.split(' ')[4];
    const fileSystem = after?.split(' ')[0];
    return mountPoint === undefined || fileSystem === undefined
      ? []
      : [{ mountPoint: unescape(mountPoint), fileSystem }];
  });
}

/** Whether `path` is `folder` or below it. Both are absolute and end in no slash. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** The kind of file system that `path` is on; undefined where no mount covers it. */
export function fileSystemOf(path: string, mounts: readonly MountEntry[]): string | undefined {
  const covering = mounts.filter((mount) => isWithin(path, mount.mountPoint));
  const longest = Math.max(...covering.map((mount) => mount.mountPoint.length));
  // Of two mounts on one point the later hides the earlier.
  return covering.findLast((mount) => mount.mountPoint.length === longest)?.fileSystem;
}

/** Blanks, tabs, line feeds and backslashes stand there as octal numbers. */
function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/gu, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
