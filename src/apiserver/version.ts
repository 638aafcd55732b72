/** The Kubernetes version whose API this server speaks: what `kubectl version` prints and clients check. */
export const KUBERNETES_VERSION = { major: '1', minor: '33', gitVersion: 'v1.33.0' } as const;

/** The document at `/version`. */
export function versionDocument(): Record<string, string> {
  return {
    ...KUBERNETES_VERSION,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'skerry',
    platform: 'linux/amd64',
  };
}
