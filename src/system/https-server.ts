import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import {
  createServer as createTlsServer,
  DEFAULT_CIPHERS,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { errorCode } from '#system/disk.ts';
import { createHttp1Server, HEADERS_MS_MAX, type Http1Options } from '#system/http1-server.ts';
import { createHttp2Server } from '#system/http2-server.ts';
import type { Connection } from '#system/network.ts';
import { socketConnection } from '#system/real-network.ts';

export type { HttpRequest, HttpResponse, HttpSink } from '#system/http-exchange.ts';

export interface HttpsServerOptions
  extends Omit<Http1Options, 'requestMsMax' | 'stalledMsMax' | 'idleMsMax'> {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string; readonly clientAuthority: string };
  /** Takes over connections that speak another protocol on the same port, by ALPN name. */
  readonly protocols?: Readonly<Record<string, (connection: Connection) => void>>;
  /** How long a client may take for a whole request, in milliseconds; {@link REQUEST_MS_MAX} where absent. */
  readonly requestMsMax?: number;
  /** How long a client may take nothing of an answer, in milliseconds; {@link STALLED_MS_MAX} where absent. */
  readonly stalledMsMax?: number;
  /** After how long a connection on which nothing is asked is closed, in milliseconds; {@link IDLE_MS_MAX} where absent. */
  readonly idleMsMax?: number;
}

export interface HttpsServer extends AsyncDisposable {
  readonly port: number;
}

/** How long a client may take for its whole request, in milliseconds; then the answer is 408. */
export const REQUEST_MS_MAX = 60_000;

/** How long a client may take nothing of what waits for it, in milliseconds; then it is cut off, and what waits dropped. */
export const STALLED_MS_MAX = 60_000;

/** A connection on which nothing is asked for this long is closed, in milliseconds. */
export const IDLE_MS_MAX = 120_000;

/** Connections at the same time; more are dropped as they come. */
const CONNECTIONS_MAX = 16_384;

/** After this long without a word, TCP asks whether a client is still there, in milliseconds. */
const KEEP_ALIVE_MS = 60_000;

/** AES with 128 bits first, as Go's servers have it where the processor knows AES: long answers take a fifth less of it. */
const CIPHERS = `TLS_AES_128_GCM_SHA256:${DEFAULT_CIPHERS}`;

/**
 * One TLS port for HTTP/2, HTTP/1.1 with upgrades, and further protocols by ALPN. Client certificates are asked for, and
 * reported where they verify; a client without one is let in as nobody.
 */
export async function serveHttps(options: HttpsServerOptions): Promise<HttpsServer> {
  const { requestMsMax = REQUEST_MS_MAX, stalledMsMax = STALLED_MS_MAX, idleMsMax = IDLE_MS_MAX } = options;
  const exchange = { ...options, requestMsMax, stalledMsMax, idleMsMax };
  const http2 = createHttp2Server(exchange);
  const http1 = createHttp1Server(exchange);
  const protocols = options.protocols ?? {};
  const server = createTlsServer({
    cert: options.tls.certificate,
    key: options.tls.key,
    ca: options.tls.clientAuthority,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    handshakeTimeout: Math.min(HEADERS_MS_MAX, requestMsMax),
    ALPNProtocols: [...Object.keys(protocols), 'h2', 'http/1.1'],
    // What is small is not held back until the client has confirmed what came before it.
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const name = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '';
    const protocol = Object.hasOwn(protocols, name) ? protocols[name] : undefined;
    if (protocol !== undefined) protocol(socketConnection(socket));
    else if (name === 'h2') http2.emit('secureConnection', socket);
    else http1.emit('connection', socket);
  });
  // Also one that is not done with its handshake in time: Node.js says so, and leaves it open.
  server.on('tlsClientError', (_error, socket) => void socket.destroy());
  await listen(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { port, [Symbol.asyncDispose]: () => close({ server, http1, http2, sockets }) };
}

function listen(server: TlsServer, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, { host, port })));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** What kept a server from listening, and what to do about it. */
function listenError(cause: Error, { host, port }: { host: string; port: number }): Error {
  switch (errorCode(cause)) {
    case 'EADDRINUSE':
      return new Error(
        `port ${port} of ${host} is taken by another program: stop that one, or choose another port`,
        { cause },
      );
    case 'EACCES':
      return new Error(`port ${port} of ${host} may be opened by root only: choose one from 1024 on`, {
        cause,
      });
    case 'EADDRNOTAVAIL':
      return new Error(`${host} is no address of this machine: choose one that "ip address" shows`, {
        cause,
      });
    default:
      return new Error(`port ${port} of ${host} cannot be opened: ${cause.message}`, { cause });
  }
}

function close({
  server,
  http1,
  http2,
  sockets,
}: {
  server: TlsServer;
  http1: HttpServer;
  http2: Http2SecureServer;
  sockets: Set<TLSSocket>;
}): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    http1.close();
    http2.close();
    for (const socket of sockets) socket.destroy();
  });
}
