import type { Service } from '#api/core/service.ts';

/**
 * The variables that announce services to a container, `WEB_SERVICE_HOST`, `WEB_PORT`, `WEB_PORT_80_TCP_ADDR`, …
 * (Kubernetes docs, "Discovering services"; the long ones are Docker's links). Headless services have none.
 */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  const inOrder = services.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const service of inOrder) addService(variables, service);
  return variables;
}

function addService(variables: Map<string, string>, { metadata, spec }: Service): void {
  const address = spec.clusterIP;
  const [first] = spec.ports ?? [];
  if (address === undefined || address === '' || address === 'None' || first === undefined) return;
  const name = variableName(metadata.name);
  variables.set(`${name}_SERVICE_HOST`, address);
  variables.set(`${name}_SERVICE_PORT`, String(first.port));
  for (const port of spec.ports ?? []) {
    if (port.name !== undefined)
      variables.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
  }
  variables.set(`${name}_PORT`, link(first, address));
  for (const port of spec.ports ?? []) {
    const protocol = port.protocol ?? 'TCP';
    const prefix = `${name}_PORT_${port.port}_${protocol}`;
    variables.set(prefix, link(port, address));
    variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${prefix}_PORT`, String(port.port));
    variables.set(`${prefix}_ADDR`, address);
  }
}

function link(port: { port: number; protocol?: string }, address: string): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
