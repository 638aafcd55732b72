import { createServer } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ClientTls, Connection, Network, PeerCertificate } from '#system/network.ts';

/** TLS 1.3 over TCP. */
export const realNetwork: Network = { connect };

async function connect(
  address: string,
  options: { protocol: string; tls: ClientTls; timeoutMs: number; signal: AbortSignal },
): Promise<Connection> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(options.signal.reason as Error);
    const { tls } = options;
    const socket = connectTls({
      host,
      port,
      ca: tls.authority,
      ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      servername: tls.serverName ?? (isIpAddress(host) ? '' : host),
      minVersion: 'TLSv1.3',
      ALPNProtocols: [options.protocol],
    });
    const fail = (error: Error): void => {
      options.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(options.signal.reason as Error);
    options.signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(options.timeoutMs, () =>
      fail(new Error(`no answer from ${address} within ${options.timeoutMs} ms`)),
    );
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.removeListener('error', fail);
      options.signal.removeEventListener('abort', onAbort);
      socket.setTimeout(0);
      if (socket.alpnProtocol !== options.protocol) {
        return fail(new Error(`${address} does not speak ${options.protocol}`));
      }
      resolve(socketConnection(socket));
    });
  });
}

/** A {@link Connection} over a TLS socket whose handshake is done; the server side uses it too. */
export function socketConnection(socket: TLSSocket): Connection {
  socket.setNoDelay(true);
  // Reported through `incoming` and `write`; without a listener it would end the process.
  socket.on('error', () => undefined);
  const certificate = peerCertificate(socket);
  return {
    peer: {
      address: `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`,
      ...(certificate === undefined ? {} : { certificate }),
    },
    incoming: socket,
    write: (bytes) => write(socket, bytes),
    close: () => void socket.destroy(),
  };
}

function write(socket: TLSSocket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error('the connection is closed'));
    if (socket.write(bytes)) return resolve();
    const done = (): void => {
      socket.removeListener('drain', done);
      socket.removeListener('close', closed);
      resolve();
    };
    const closed = (): void => {
      socket.removeListener('drain', done);
      reject(new Error('the connection closed while bytes waited to be sent'));
    };
    socket.once('drain', done);
    socket.once('close', closed);
  });
}

/** The peer's certificate where the handshake verified it, else undefined. */
export function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  if (!socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate(false);
  if (certificate.subject === undefined) return undefined;
  const organization = certificate.subject.O as string | string[] | undefined;
  const organizations =
    organization === undefined ? [] : Array.isArray(organization) ? organization : [organization];
  const commonName = certificate.subject.CN as string | string[] | undefined;
  if (typeof commonName !== 'string') return undefined;
  return { commonName, organizations, serial: certificate.serialNumber };
}

/** `host:port`, `[v6]:port`. Throws on anything else. */
export function splitAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[(?<v6>[0-9a-f:]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/iu.exec(address);
  const host = match?.groups?.v6 ?? match?.groups?.host;
  const port = Number(match?.groups?.port);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new Error(`"${address}" is not an address: expected host:port with a port from 1 to 65535`);
  }
  return { host, port };
}

function isIpAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/u.test(host);
}

/** A TCP port of `host` that nobody listens on now. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
