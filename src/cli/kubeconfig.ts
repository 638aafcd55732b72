/** One cluster with the credentials for it, as a context of a kubeconfig. */
export interface KubeContext {
  readonly name: string;
  /** `https://host:port`. */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** A kubeconfig (client.config v1) as JSON, which is YAML. The first context is the current one. */
export function kubeconfigOf(contexts: readonly KubeContext[]): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': contexts[0]?.name ?? '',
    clusters: contexts.map(({ name, server, authority }) => ({
      name,
      cluster: { server, 'certificate-authority-data': base64(authority) },
    })),
    users: contexts.map(({ name, certificate, key }) => ({
      name,
      user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
    })),
    contexts: contexts.map(({ name }) => ({
      name,
      context: { cluster: name, user: name, namespace: 'default' },
    })),
    preferences: {},
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The contexts of a kubeconfig that {@link kubeconfigOf} wrote. Throws where a context names no cluster or user of it. */
export function readKubeconfig(text: string): KubeContext[] {
  const document = JSON.parse(text) as {
    clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { name: string; user: { 'client-certificate-data': string; 'client-key-data': string } }[];
    contexts: { name: string; context: { cluster: string; user: string } }[];
  };
  const decode = (data: string): string => Buffer.from(data, 'base64').toString('utf8');
  return document.contexts.map(({ name, context }) => {
    const cluster = document.clusters.find((candidate) => candidate.name === context.cluster)?.cluster;
    const user = document.users.find((candidate) => candidate.name === context.user)?.user;
    if (cluster === undefined || user === undefined)
      throw new Error(`context "${name}" of the kubeconfig names a cluster or user that it lacks`);
    return {
      name,
      server: cluster.server,
      authority: decode(cluster['certificate-authority-data']),
      certificate: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    };
  });
}
