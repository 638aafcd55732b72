import { pick, type Random, randomInteger, seeded } from '../fuzz/chance.ts';
import { type Answer, differencesOf, managerDifferences } from './compare.ts';
import { collectionPath, type Sample, type Server, type Servers, samplesOf, titleOf } from './server.ts';

/** Sequences for each sample. */
const SEQUENCES = 20;
/** Writes of one sequence; it ends with the first one that is answered otherwise. */
const STEPS = 6;

/** Kinds whose objects stay as they are written: nothing but the API server works on them at a hub. */
const KINDS: ReadonlySet<string> = new Set([
  ...[
    'ConfigMap',
    'Secret',
    'LimitRange',
    'Endpoints',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'ReplicaSet',
  ],
  ...[
    'CronJob',
    'HorizontalPodAutoscaler',
    'Ingress',
    'NetworkPolicy',
    'PodDisruptionBudget',
    'Role',
    'Lease',
  ],
  ...['RoleBinding', 'EndpointSlice', 'MutatingWebhookConfiguration', 'ValidatingAdmissionPolicy'],
]);

/** Fields without which hardly any object is valid: configurations always have them. */
const KEPT: ReadonlySet<string> = new Set([
  ...[
    'apiVersion',
    'kind',
    'metadata',
    'name',
    'namespace',
    'spec',
    'selector',
    'matchLabels',
    'template',
    'labels',
  ],
  ...[
    'containers',
    'image',
    'ports',
    'port',
    'containerPort',
    'key',
    'operator',
    'type',
    'schedule',
    'jobTemplate',
  ],
]);

/** A write, as it goes to both servers. */
interface Write {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly query: string;
  readonly contentType?: string;
  readonly body: object;
}

type Json = Record<string, unknown>;

/**
 * Writes random sequences of creations, applies, patches and updates by several managers, and compares each answer: status, words,
 * object, and who owns which field. Prints what is answered otherwise; in how many sequences something was.
 */
export async function compareSequences(
  servers: Servers,
  { filter, seed }: { filter: string; seed: number },
): Promise<number> {
  let [writes, otherwise] = [0, 0];
  for (const sample of samplesOf(filter)) {
    if (!KINDS.has(sample.kind)) continue;
    const path = await collectionPath(servers.theirs, sample);
    for (let turn = 0; turn < SEQUENCES; turn++) {
      const random = seeded(seed * 1_000_003 + turn * 7919);
      const object = { ...sample, metadata: { ...sample.metadata, name: `parity-${turn}` } };
      const made = await runSequence(servers, { object, path, random });
      writes += made.writes;
      if (made.differences.length === 0) continue;
      otherwise += 1;
      console.log(
        `${titleOf(sample)}, sequence ${turn} of seed ${seed}, write ${made.writes} (theirs <> ours)`,
      );
      for (const difference of made.differences.slice(0, 4)) console.log(`  ${difference.slice(0, 400)}`);
      console.log(`      ${JSON.stringify(made.last).slice(0, 400)}`);
    }
  }
  console.log(`${writes} writes, ${otherwise} sequences answered otherwise`);
  return otherwise;
}

async function runSequence(
  { theirs, ours }: Servers,
  { object, path, random }: { object: Sample; path: string; random: Random },
): Promise<{ writes: number; differences: string[]; last: Write | undefined }> {
  const own = `${path}/${object.metadata.name}`;
  const remove = (): Promise<unknown> => Promise.all([theirs, ours].map((each) => each.ask('DELETE', own)));
  await remove();
  let writes = 0;
  let last: Write | undefined;
  let differences: string[] = [];
  while (writes < STEPS && differences.length === 0) {
    const live = await Promise.all([theirs.ask('GET', own), ours.ask('GET', own)]);
    last =
      live[0].status === 200 ? changeOf(object, live[0].body as Json, random) : creationOf(object, random);
    const write = last;
    const ask = (server: Server, current: Answer): Promise<Answer> =>
      server.ask(
        write.method,
        `${write.method === 'POST' ? path : own}?${write.query}`,
        write.method === 'PUT' ? asSeenIn(write.body as Json, current.body as Json) : write.body,
        write.contentType,
      );
    const [a, b] = await Promise.all([ask(theirs, live[0]), ask(ours, live[1])]);
    writes += 1;
    differences = [...differencesOf(a, b), ...managerDifferences(a, b)];
  }
  await remove();
  return { writes, differences, last };
}

function creationOf(object: Sample, random: Random): Write {
  const body = partOf(object, random) as object;
  if (random() < 0.5) return { method: 'POST', query: 'fieldManager=creator', body };
  return apply('first', body, false);
}

function apply(manager: string, body: object, force: boolean): Write {
  const query = `fieldManager=${manager}&force=${force}`;
  return { method: 'PATCH', query, contentType: 'application/apply-patch+yaml', body };
}

/** A write by one of several managers that changes a place of the live object, or applies a part of the sample. */
function changeOf(object: Sample, live: Json, random: Random): Write {
  if (random() < 0.45)
    return apply(
      pick(random, ['first', 'second', 'third']),
      partOf(object, random) as object,
      random() < 0.4,
    );
  const place = pick(random, placesOf(live));
  const current = place.reduce<unknown>((at, key) => (at as Json)[key], live);
  const value = random() < 0.35 ? undefined : otherValue(current, random);
  const kind = pick(random, ['json', 'merge', 'strategic', 'put'] as const);
  if (kind === 'put') {
    const body = structuredClone(live);
    const parent = place.slice(0, -1).reduce<unknown>((at, key) => (at as Json)[key], body) as Json;
    const key = place.at(-1) ?? '';
    if (value !== undefined) parent[key] = value;
    else if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
    return { method: 'PUT', query: 'fieldManager=updater', body };
  }
  if (kind === 'json') {
    const path = place.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    const operation = value === undefined ? { op: 'remove', path } : { op: 'replace', path, value };
    return patch('json', [operation]);
  }
  // These two name no items: they change the list, or the field, that the place lies in.
  const list = place.findIndex((key) => /^\d+$/u.test(key));
  const field = list < 0 ? place : place.slice(0, list);
  const whole = field.reduce<unknown>((at, key) => (at as Json)[key], live);
  const inner = value === undefined ? null : list < 0 ? value : partOf(whole, random);
  return patch(kind, field.reduceRight<unknown>((below, key) => ({ [key]: below }), inner) as object);
}

function patch(kind: 'json' | 'merge' | 'strategic', body: object): Write {
  const contentType = `application/${kind === 'strategic' ? 'strategic-merge' : kind}-patch+json`;
  return { method: 'PATCH', query: `fieldManager=${kind}`, contentType, body };
}

/** Each server knows an object by names of its own. */
function asSeenIn(body: Json, current: Json): Json {
  const { uid, resourceVersion, managedFields } = current['metadata'] as Json;
  return { ...body, metadata: { ...(body['metadata'] as Json), uid, resourceVersion, managedFields } };
}

/** A random part of a value, with some texts, numbers and booleans changed. */
function partOf(value: unknown, random: Random, name = ''): unknown {
  if (Array.isArray(value)) {
    const kept = value.filter(() => random() < 0.8).map((item) => partOf(item, random));
    return kept.length > 0 || value.length === 0 ? kept : [partOf(value[0], random)];
  }
  if (typeof value === 'object' && value !== null) {
    if (name === 'selector' || name === 'labels') return value;
    const entries = Object.entries(value).filter(([key]) => KEPT.has(key) || random() < 0.75);
    return Object.fromEntries(entries.map(([key, each]) => [key, partOf(each, random, key)]));
  }
  if (typeof value === 'number') return random() < 0.15 && !name.endsWith('ort') ? value + 1 : value;
  if (typeof value === 'boolean') return random() < 0.2 ? !value : value;
  return name === 'image' && random() < 0.3 ? `${value}x` : value;
}

function otherValue(value: unknown, random: Random): unknown {
  switch (typeof value) {
    case 'string':
      return pick(random, [`${value}z`, value, 'other']);
    case 'number':
      return value + randomInteger(random, 2);
    case 'boolean':
      return !value;
    default:
      return partOf(value, random);
  }
}

/** Every place below `metadata` and `spec` that a client may write. */
function placesOf(live: Json): string[][] {
  const places: string[][] = [];
  const visit = (value: unknown, path: string[]): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const place = [...path, key];
      if (place[0] === 'status' || SERVERS_OWN.has(place.join('.'))) continue;
      if (place.length > 1) places.push(place);
      visit(item, place);
    }
  };
  visit(live, []);
  return places;
}

const SERVERS_OWN: ReadonlySet<string> = new Set(
  ['managedFields', 'uid', 'resourceVersion', 'creationTimestamp', 'generation'].map(
    (field) => `metadata.${field}`,
  ),
);
