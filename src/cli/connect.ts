import { type KubeContext, readKubeconfig } from '#cli/kubeconfig.ts';
import { CommandError } from '#cli/screen.ts';
import { type Client, createClient } from '#client/client.ts';
import { readBody } from '#client/transport.ts';
import type { Disk } from '#system/disk.ts';
import { type HttpsClient, httpsClient } from '#system/https-client.ts';
import { describeError } from '#system/log.ts';
import { splitLines } from '#system/split-lines.ts';

/** A connection to one API server, as a command uses it. */
export interface ApiConnection extends Disposable {
  readonly client: Client;
  /** Undefined where the server answers that it is ready, else why not. One that only reads is not ready, but `healthz`. */
  unreadiness(endpoint?: 'readyz' | 'healthz'): Promise<string | undefined>;
  /** The lines of what `GET path` answers, as they come. Throws where that is refused. */
  lines(path: string): Promise<AsyncIterable<Uint8Array>>;
}

/** Connects as a kubeconfig's context says. Nothing is sent yet. */
export function connectContext(context: KubeContext): ApiConnection {
  const https: HttpsClient = httpsClient(context.server.replace(/^https:\/\//u, ''), {
    authority: context.authority,
    certificate: context.certificate,
    key: context.key,
  });
  return {
    client: createClient(https, { name: 'skerry-cli' }),
    async unreadiness(endpoint = 'readyz') {
      try {
        const response = await https.request({ method: 'GET', path: `/${endpoint}` });
        await readBody(response);
        return response.status === 200 ? undefined : `it answers ${response.status}`;
      } catch (error) {
        return describeError(error);
      }
    },
    async lines(path) {
      const response = await https.request({ method: 'GET', path });
      if (response.status === 200) return splitLines(response.body);
      const answer = Buffer.from(await readBody(response)).toString('utf8');
      throw new CommandError(`${context.server}${path} answered ${response.status}: ${messageOf(answer)}`);
    },
    [Symbol.dispose]: () => https[Symbol.dispose](),
  };
}

/** What a Status says; the answer itself where it is none. */
function messageOf(answer: string): string {
  try {
    const { message } = JSON.parse(answer) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Some other text.
  }
  return answer.slice(0, 200);
}

/** A context of a kubeconfig file by name; the first one where no name is given. */
export async function readContext(disk: Disk, path: string, name?: string): Promise<KubeContext> {
  const content = await disk.read(path);
  if (content === undefined)
    throw new CommandError(
      `there is no ${path}: is Skerry up? Start it with "npx skerry up", or name its folder with --data`,
    );
  const contexts = readKubeconfig(Buffer.from(content).toString('utf8'));
  const context = name === undefined ? contexts[0] : contexts.find((candidate) => candidate.name === name);
  if (context === undefined)
    throw new CommandError(
      `${path} has no context "${name ?? ''}"; it has ${contexts.map((candidate) => candidate.name).join(', ')}`,
    );
  return context;
}
