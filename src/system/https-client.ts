import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { ClientTls } from '#system/network.ts';

/** One request; the shape of a client's `TransportRequest`. */
export interface HttpsRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface HttpsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HttpsClient extends Disposable {
  /** Rejects where no answer came. */
  request(request: HttpsRequest): Promise<HttpsResponse>;
}

/** A server that does not begin to answer within this time is taken for absent, in milliseconds. */
const ANSWER_MS_MAX = 30_000;

/**
 * HTTPS/1.1 to one server (`host:port`), with connections kept for further requests. `trust` anything: `insecure`, for the
 * one request that fetches an authority whose hash is known; trust whom the system trusts: `public`.
 */
export function httpsClient(address: string, tls: ClientTls | 'insecure' | 'public'): HttpsClient {
  const agent = new Agent({
    keepAlive: true,
    ...(tls === 'insecure'
      ? { rejectUnauthorized: false }
      : tls === 'public'
        ? {}
        : {
            ca: tls.authority,
            ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
            ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          }),
  });
  return {
    request: (request) => send(agent, address, request),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

async function send(agent: Agent, address: string, request: HttpsRequest): Promise<HttpsResponse> {
  const { hostname, port } = new URL(`https://${address}`);
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        agent,
        hostname: hostname.replaceAll(/[[\]]/gu, ''),
        port: port === '' ? 443 : Number(port),
        path: request.path,
        method: request.method,
        headers: {
          accept: 'application/json',
          'user-agent': 'skerry',
          ...request.headers,
          ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
        },
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      },
      (incoming) => {
        outgoing.setTimeout(0);
        resolve({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body: incoming });
      },
    );
    outgoing.setTimeout(ANSWER_MS_MAX, () =>
      outgoing.destroy(new Error(`no answer from ${address} within ${ANSWER_MS_MAX} ms`)),
    );
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
  return Object.fromEntries(entries) as Record<string, string>;
}
