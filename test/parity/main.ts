/**
 * Asks a real kube-apiserver and a site the same questions, and prints where they answer otherwise: each object of objects.yaml is
 * created in a dry run, whole and with every single change of a field.
 *
 *     npm run parity                  # all kinds; some minutes
 *     npm run parity -- 'Service/'    # objects whose KIND/NAME has this
 *
 * Needs Go (`node bench/kube-apiserver-build.ts`, once) and etcd; ends with 1 where there is a difference.
 */
import { readFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { parseAllDocuments } from 'yaml';
import { type ApiServer, openSession } from '../../bench/hub-process.ts';
import { kubeApiserverName, startKubeApiserver } from '../../bench/kube-apiserver-peer.ts';
import { readKubeconfig } from '../../src/cli/kubeconfig.ts';
import { World } from '../world.ts';
import { type Answer, differencesOf } from './compare.ts';
import { type Mutation, mutated, mutationsOf, type OpenApiSchemas, pathText } from './mutations.ts';

/** Questions under way at the same time. */
const AT_ONCE = 6;
/** Examples that are shown of one difference. */
const EXAMPLES_MAX = 2;

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
}

/** One server, and where it serves each kind. */
class Server {
  readonly #session: ClientHttp2Session;

  constructor(server: Pick<ApiServer, 'context'>) {
    this.#session = openSession(server.context);
  }

  close(): void {
    this.#session.destroy();
  }

  ask(method: string, path: string, body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': method,
        ':path': path,
        accept: 'application/json',
        'content-type': 'application/json',
      });
      const chunks: Buffer[] = [];
      let answer = { status: 0, warnings: '' };
      stream.on('response', (headers) => {
        answer = { status: Number(headers[':status']), warnings: String(headers['warning'] ?? '') };
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = text.startsWith('{');
        resolve({ ...answer, body: isJson ? JSON.parse(text) : { message: text } });
      });
      stream.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

async function main(filter: string): Promise<number> {
  if (kubeApiserverName() === undefined) {
    console.error('there is no kube-apiserver to ask: build one with "node bench/kube-apiserver-build.ts"');
    return 2;
  }
  await using peer = await startKubeApiserver();
  await using world = await World.empty();
  await world.up('--runtime', 'simulated', '--no-example', '--sites', 'north');
  const contexts = readKubeconfig(readFileSync(world.kubeconfig, 'utf8'));
  const context = contexts.find(({ name }) => name === 'north');
  if (context === undefined) throw new Error('the kubeconfig has no context "north"');
  const servers = { theirs: new Server(peer), ours: new Server({ context }) };
  try {
    await prepare(servers);
    return (await compareAll(servers, filter)) === 0 ? 0 : 1;
  } finally {
    servers.theirs.close();
    servers.ours.close();
  }
}

interface Servers {
  readonly theirs: Server;
  readonly ours: Server;
}

/** What the objects refer to. No controller beside kube-apiserver makes service accounts. */
async function prepare({ theirs, ours }: Servers): Promise<void> {
  for (const name of ['t', 'q', 'n', 'x']) {
    for (const server of [theirs, ours])
      await server.ask('POST', '/api/v1/namespaces', { metadata: { name } });
    await theirs.ask('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  const runtimeClass = { metadata: { name: 'rc' }, handler: 'h', overhead: { podFixed: { cpu: '10m' } } };
  for (const server of [theirs, ours]) {
    await server.ask('POST', '/apis/node.k8s.io/v1/runtimeclasses', runtimeClass);
    await server.ask('POST', '/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 'sc' },
      provisioner: 'x',
    });
  }
}

/** How many questions were answered otherwise. */
async function compareAll({ theirs, ours }: Servers, filter: string): Promise<number> {
  const text = readFileSync(new URL('objects.yaml', import.meta.url), 'utf8');
  const samples = parseAllDocuments(text).map((document) => document.toJS() as Sample);
  let [asked, otherwise] = [0, 0];
  for (const sample of samples) {
    const title = `${sample.kind}/${sample.metadata.name ?? ''}`;
    if (!title.includes(filter)) continue;
    const path = `${await collectionPath(theirs, sample)}?dryRun=All`;
    const questions = await questionsOf(theirs, sample);
    const found = new Map<string, string[]>();
    await inParallel(questions, async (mutation) => {
      const body = mutation === undefined ? sample : mutated(sample, mutation);
      const [a, b] = await Promise.all([theirs.ask('POST', path, body), ours.ask('POST', path, body)]);
      const example =
        mutation === undefined
          ? 'as it is'
          : `${pathText(mutation.path)} = ${JSON.stringify(mutation.value)}`;
      const differences = differencesOf(a, b);
      asked += 1;
      if (differences.length > 0) otherwise += 1;
      for (const difference of differences)
        found.set(difference, [...(found.get(difference) ?? []), example]);
    });
    print(title, questions.length, found);
  }
  console.log(`${asked} questions, ${otherwise} answered otherwise`);
  return otherwise;
}

async function questionsOf(server: Server, sample: Sample): Promise<(Mutation | undefined)[]> {
  const document = sample.apiVersion.includes('/') ? `apis/${sample.apiVersion}` : `api/${sample.apiVersion}`;
  const { body } = await server.ask('GET', `/openapi/v3/${document}`);
  const { schemas } = (body as { components: { schemas: OpenApiSchemas } }).components;
  const schema = Object.values(schemas).find((each) =>
    each['x-kubernetes-group-version-kind']?.some(
      ({ group, version, kind }) =>
        kind === sample.kind && (group === '' ? version : `${group}/${version}`) === sample.apiVersion,
    ),
  );
  if (schema === undefined) throw new Error(`there is no schema of ${sample.apiVersion} ${sample.kind}`);
  return [undefined, ...mutationsOf(sample, schema, schemas)];
}

async function collectionPath(server: Server, { apiVersion, kind, metadata }: Sample): Promise<string> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { body } = await server.ask('GET', base);
  const { resources } = body as { resources: { name: string; kind: string; namespaced: boolean }[] };
  const resource = resources.find((each) => each.kind === kind && !each.name.includes('/'));
  if (resource === undefined) throw new Error(`nobody serves ${apiVersion} ${kind}`);
  return resource.namespaced
    ? `${base}/namespaces/${metadata.namespace ?? 't'}/${resource.name}`
    : `${base}/${resource.name}`;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}

function print(title: string, asked: number, found: ReadonlyMap<string, readonly string[]>): void {
  console.log(`${title}: ${asked} questions, ${found.size} kinds of difference (theirs <> ours)`);
  for (const [difference, examples] of found) {
    console.log(`  ${difference.slice(0, 500)}`);
    for (const example of examples.slice(0, EXAMPLES_MAX)) console.log(`      ${example.slice(0, 160)}`);
    if (examples.length > EXAMPLES_MAX) console.log(`      and ${examples.length - EXAMPLES_MAX} more`);
  }
}

process.exitCode = await main(process.argv[2] ?? '');
