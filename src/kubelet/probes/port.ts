import type { Container } from '#api/core/container.ts';

/** A probe's port: its number, or that of the container's port of this name. Throws where it has none. */
export function portNumber(container: Pick<Container, 'name' | 'ports'>, port: number | string): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!(number > 0 && number <= 65_535))
    throw new Error(`container "${container.name}" has no port "${port}"`);
  return number;
}
