import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { request as sendRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { readKubeconfig } from '#cli/kubeconfig.ts';
import { SERVER } from '#system/tls.fixture.ts';

/** One request as the server was asked it. */
export interface Recorded {
  readonly method: string;
  readonly url: string;
  /** The header `Accept`, and for what is sent the header `Content-Type`. */
  readonly accept: string;
  readonly contentType: string;
  /** What the connection was to become, such as `websocket v5.channel.k8s.io`. */
  readonly upgrade: string;
  /** Of the answer; 0 where there was none before its client had gone. */
  status: number;
}

/** Who is asked, and as whom. */
interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Headers that belong to a connection and not to what is asked on it. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'http2-settings']);

/** Stands between a client and an API server, over HTTP/2, HTTP/1.1 and upgrades, and writes down what is asked. */
export class RequestRecorder implements AsyncDisposable {
  readonly #server;
  readonly #upstream: Upstream;
  readonly #sockets = new Set<TLSSocket>();
  #recorded: Recorded[] = [];

  private constructor(upstream: Upstream) {
    this.#upstream = upstream;
    this.#server = createSecureServer({ allowHTTP1: true, cert: SERVER.certificate, key: SERVER.key });
    this.#server.on('request', (request, response) => this.#pass(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) =>
      this.#passUpgrade(request, socket, head),
    );
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('sessionError', () => undefined);
  }

  /** In front of the server of one context; `target` becomes a kubeconfig whose only context is the recorder. */
  static async before(
    source: { kubeconfig: string; context: string },
    target: string,
  ): Promise<RequestRecorder> {
    const upstream = await upstreamOf(source);
    const recorder = new RequestRecorder(upstream);
    const port = await recorder.#listen();
    const cluster = { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'recorder',
      clusters: [{ name: 'recorder', cluster }],
      users: [{ name: 'somebody', user: { token: 'of-no-use' } }],
      contexts: [{ name: 'recorder', context: { cluster: 'recorder', user: 'somebody' } }],
    };
    await writeFile(target, JSON.stringify(config), { mode: 0o600 });
    return recorder;
  }

  /** How many requests were answered since {@link take}. */
  get answered(): number {
    return this.#recorded.filter(({ status }) => status !== 0).length;
  }

  /** What was asked since this was called last, in the order in which it came. */
  take(): Recorded[] {
    const taken = this.#recorded;
    this.#recorded = [];
    return taken;
  }

  #listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  #note({ method = '', url = '', headers }: IncomingMessage | Http2ServerRequest): Recorded {
    const text = (name: string): string => [headers[name] ?? ''].flat().join(', ');
    const protocol = text('sec-websocket-protocol') || text('x-stream-protocol-version');
    const recorded: Recorded = {
      method,
      url,
      accept: text('accept'),
      contentType: text('content-type'),
      upgrade: `${text('upgrade')} ${protocol}`.trim(),
      status: 0,
    };
    this.#recorded.push(recorded);
    return recorded;
  }

  #pass(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const recorded = this.#note(request);
    const headers = passedHeaders(request.headers);
    const { method, url } = request;
    const onward = sendRequest({ ...this.#upstream, method, path: url, headers, agent: false }, (answer) => {
      recorded.status = answer.statusCode ?? 0;
      if (response.stream?.destroyed === true) return void answer.destroy();
      response.writeHead(answer.statusCode ?? 502, passedHeaders(answer.headers));
      answer.pipe(response);
    });
    onward.on('error', () => response.destroyed || response.end());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  #passUpgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
    const recorded = this.#note(request);
    const onward = connect({ ...this.#upstream, ALPNProtocols: ['http/1.1'] }, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let index = 0; index < request.rawHeaders.length; index += 2) {
        const name = request.rawHeaders[index] ?? '';
        if (name.toLowerCase() !== 'authorization') lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
      }
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.once('data', (first: Buffer) => {
        recorded.status = Number(/^HTTP\/1\.1 (\d+)/u.exec(first.toString('latin1'))?.[1] ?? 0);
        socket.write(first);
        onward.pipe(socket);
        socket.pipe(onward);
      });
    });
    onward.on('error', () => socket.destroy()).once('close', () => socket.destroy());
    socket.once('close', () => onward.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Without what belongs to the connection, and without the client's own proof of who it is. */
function passedHeaders<T>(headers: NodeJS.Dict<T>): Record<string, T> {
  const passed: Record<string, T> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isPassed = !name.startsWith(':') && !OF_CONNECTION.has(name) && name !== 'authorization';
    if (isPassed && value !== undefined) passed[name] = value;
  }
  return passed;
}

async function upstreamOf({
  kubeconfig,
  context,
}: {
  kubeconfig: string;
  context: string;
}): Promise<Upstream> {
  const found = readKubeconfig(await readFile(kubeconfig, 'utf8')).find(({ name }) => name === context);
  assert.ok(found !== undefined, `${kubeconfig} has no context ${context}`);
  const { hostname, port } = new URL(found.server);
  return { host: hostname, port: Number(port), ca: found.authority, cert: found.certificate, key: found.key };
}
