import type { Service, ServicePort } from '#api/core/service.ts';
import { invalidValue } from '#api/field-errors.ts';
import { invalid, StatusError } from '#api/status.ts';
import { NODE_PORT_PREFIX, nodePortKey } from '#apiserver/service-addresses/holdings.ts';
import type { Store } from '#store/store.ts';
import { type Random, randomInteger } from '#system/random.ts';

/** Kubernetes' default range of node ports. */
const NODE_PORT_MIN = 30_000;
const NODE_PORT_MAX = 32_767;
const NODE_PORT_COUNT = NODE_PORT_MAX - NODE_PORT_MIN + 1;

/** The most ports of a service that has node ports: what it holds is written in one commit with it; more is a 422. */
export const NODE_PORTS_OF_SERVICE_MAX = 60;

/** How often a random port is drawn before the range is gone through. */
const DRAWS_MAX = 16;

export interface PortChoice {
  readonly previous: Service | undefined;
  readonly store: Store;
  readonly random: Random;
}

/** Gives a service the node ports that its type wants and that it does not have, and holds to the range those it asks for. */
export async function chooseNodePorts(
  service: Service,
  { previous, store, random }: PortChoice,
): Promise<void> {
  const { spec } = service;
  const { type, ports = [] } = spec;
  if (type !== 'NodePort' && type !== 'LoadBalancer') return;
  if (ports.length > NODE_PORTS_OF_SERVICE_MAX) {
    const detail = `must have at most ${NODE_PORTS_OF_SERVICE_MAX} items where each has a node port`;
    throw refusal(service, 'spec.ports', ports.length, detail);
  }
  const kept = new Set((previous?.spec.ports ?? []).map(({ nodePort }) => nodePort));
  const chosen = new Set<number>(ports.flatMap(({ nodePort = 0 }) => (nodePort === 0 ? [] : nodePort)));
  const given = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false;
  for (const [index, port] of ports.entries()) {
    if ((port.nodePort ?? 0) === 0) {
      const old = nodePortBefore(previous, port);
      const before =
        (chosen.has(old ?? 0) ? undefined : old) ?? (given ? nodePortBeside(ports, port) : undefined);
      if (before !== undefined) port.nodePort = before;
      else if (given) port.nodePort = await drawPort({ store, random, chosen });
      else delete port.nodePort;
    } else if (!kept.has(port.nodePort))
      await checkPort(service, `spec.ports[${index}].nodePort`, { port: port.nodePort ?? 0, store });
  }
  await chooseHealthPort(service, { previous, store, random, chosen });
}

/** The port on which nodes tell whether they have an endpoint: of load balancers that keep traffic on its node. */
async function chooseHealthPort(
  service: Service,
  { previous, store, random, chosen }: PortChoice & { chosen: Set<number> },
): Promise<void> {
  const { spec } = service;
  if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') return;
  const before = previous?.spec.healthCheckNodePort;
  if ((spec.healthCheckNodePort ?? 0) === 0)
    spec.healthCheckNodePort = before ?? (await drawPort({ store, random, chosen }));
  else if (spec.healthCheckNodePort !== before)
    await checkPort(service, 'spec.healthCheckNodePort', { port: spec.healthCheckNodePort ?? 0, store });
}

function nodePortBefore(previous: Service | undefined, port: ServicePort): number | undefined {
  const { name = '' } = port;
  return previous?.spec.ports?.find((old) => (old.name ?? '') === name)?.nodePort;
}

/** One number serves the same port of two protocols, as in Kubernetes. */
function nodePortBeside(ports: readonly ServicePort[], { port, protocol }: ServicePort): number | undefined {
  const beside = ports.find((each) => each.port === port && each.protocol !== protocol && each.nodePort);
  const isFree = !ports.some((each) => each.protocol === protocol && each.nodePort === beside?.nodePort);
  return isFree ? beside?.nodePort : undefined;
}

async function checkPort(
  service: Service,
  field: string,
  { port, store }: { port: number; store: Store },
): Promise<void> {
  if (port < NODE_PORT_MIN || port > NODE_PORT_MAX) {
    const range = `${NODE_PORT_MIN}-${NODE_PORT_MAX}`;
    const detail = `provided port is not in the valid range. The range of valid ports is ${range}`;
    throw refusal(service, field, port, detail);
  }
  if ((await store.get(nodePortKey(port))) !== undefined)
    throw refusal(service, field, port, 'provided port is already allocated');
}

function refusal({ metadata }: Service, field: string, value: number, detail: string): StatusError {
  return invalid({ kind: 'Service', group: '', name: metadata.name }, [invalidValue(field, value, detail)]);
}

async function drawPort({
  store,
  random,
  chosen,
}: {
  store: Store;
  random: Random;
  chosen: Set<number>;
}): Promise<number> {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const port = NODE_PORT_MIN + randomInteger(random, NODE_PORT_COUNT);
    if (chosen.has(port) || (await store.get(nodePortKey(port))) !== undefined) continue;
    chosen.add(port);
    return port;
  }
  const { entries } = await store.list(NODE_PORT_PREFIX);
  const taken = new Set(entries.map(({ key }) => key));
  const start = randomInteger(random, NODE_PORT_COUNT);
  for (let place = 0; place < NODE_PORT_COUNT; place++) {
    const port = NODE_PORT_MIN + ((start + place) % NODE_PORT_COUNT);
    if (chosen.has(port) || taken.has(nodePortKey(port))) continue;
    chosen.add(port);
    return port;
  }
  throw new StatusError(
    'InternalError',
    'Internal error occurred: failed to allocate a nodePort: range is full',
  );
}
