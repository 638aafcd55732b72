import { readFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { parseAllDocuments } from 'yaml';
import { type ApiServer, openSession } from '../../bench/hub-process.ts';
import type { Answer } from './compare.ts';

/** A valid object of objects.yaml. */
export interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
}

/** The two that are asked the same. */
export interface Servers {
  readonly theirs: Server;
  readonly ours: Server;
}

/** The samples whose KIND/NAME has this. */
export function samplesOf(filter: string): Sample[] {
  const text = readFileSync(new URL('objects.yaml', import.meta.url), 'utf8');
  const samples = parseAllDocuments(text).map((document) => document.toJS() as Sample);
  return samples.filter((sample) => titleOf(sample).includes(filter));
}

/** `Service/web`. */
export function titleOf({ kind, metadata }: Sample): string {
  return `${kind}/${metadata.name ?? ''}`;
}

/** One server. */
export class Server {
  readonly #session: ClientHttp2Session;

  constructor(server: Pick<ApiServer, 'context'>) {
    this.#session = openSession(server.context);
  }

  close(): void {
    this.#session.destroy();
  }

  /** Asks, and waits for the whole answer. */
  ask(method: string, path: string, body?: object, contentType = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': method,
        ':path': path,
        accept: 'application/json',
        'content-type': contentType,
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

/** The path of the collection that an object belongs to. */
export async function collectionPath(
  server: Server,
  { apiVersion, kind, metadata }: Sample,
): Promise<string> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { body } = await server.ask('GET', base);
  const { resources } = body as { resources: { name: string; kind: string; namespaced: boolean }[] };
  const resource = resources.find((each) => each.kind === kind && !each.name.includes('/'));
  if (resource === undefined) throw new Error(`nobody serves ${apiVersion} ${kind}`);
  return resource.namespaced
    ? `${base}/namespaces/${metadata.namespace ?? 't'}/${resource.name}`
    : `${base}/${resource.name}`;
}
