import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { bridgeChannels } from '#system/channel-bridge.ts';
import type { HttpRequest } from '#system/https-server.ts';

/** Frames that begin with the number of a channel; from the second one on a client can say that its input has ended. */
const CHANNEL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** What a runtime's own WebSocket speaks. */
const RUNTIME_CHANNEL_PROTOCOL = 'v4.channel.k8s.io';

const PORT_FORWARD_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

/** What the WebSocket library sees instead: it refuses a name with a slash, which is no token (RFC 6455, section 4.1). */
const PORT_FORWARD_TOKEN = 'SPDY-3.1+portforward.k8s.io';

/** Sub-protocols of Kubernetes' streaming over WebSocket that we take from clients, the best one first. */
const PROTOCOLS: readonly string[] = [...CHANNEL_PROTOCOLS, PORT_FORWARD_TOKEN];

/** The largest frame that is taken from either side, in bytes. */
const FRAME_BYTES_MAX = 1024 * 1024;

/** Bytes of forwarded ports that may wait for a slow end; at it nothing more is read of the other one. */
const WAITING_BYTES_MAX = 1024 * 1024;

const server = new WebSocketServer({
  noServer: true,
  maxPayload: FRAME_BYTES_MAX,
  handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
});

server.on('headers', (lines) => {
  for (const [index, line] of lines.entries())
    lines[index] = line.replace(PORT_FORWARD_TOKEN, PORT_FORWARD_PROTOCOL);
});

/**
 * Connects an upgraded client (`kubectl exec`, `attach`, `port-forward`) with a streaming endpoint of a container runtime:
 * WebSocket by channels, SPDY/3.1 byte by byte. Either end closing closes the other.
 */
export function bridgeStream(
  request: Omit<HttpRequest, 'body'>,
  client: { readonly socket: Duplex; readonly head: Buffer },
  runtimeUrl: string,
): void {
  const upgrade = (request.headers.upgrade ?? '').toLowerCase();
  if (upgrade === 'websocket') return bridgeWebSocket(request, client, runtimeUrl);
  spliceSpdy(request, client, runtimeUrl);
}

function bridgeWebSocket(
  request: Omit<HttpRequest, 'body'>,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  runtimeUrl: string,
): void {
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => (protocol.trim() === PORT_FORWARD_PROTOCOL ? PORT_FORWARD_TOKEN : protocol.trim()));
  if (!offered.some((protocol) => PROTOCOLS.includes(protocol))) {
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    return;
  }
  const headers = { ...request.headers, 'sec-websocket-protocol': offered.join(',') };
  const incoming = { method: request.method, url: request.url, headers } as never;
  server.handleUpgrade(incoming, socket, head, (client) => {
    const [path = '', query = ''] = request.url.split('?');
    if (client.protocol === PORT_FORWARD_TOKEN) bridgePortForward(client, runtimeUrl);
    else if (path.endsWith('/portforward')) bridgePortChannels(client, runtimeUrl);
    else bridgeChannels(client, runtimeUrl, new URLSearchParams(query));
  });
}

/** Ports over channels: two for each port, both ways, frame by frame. */
function bridgePortChannels(client: WebSocket, runtimeUrl: string): void {
  const runtime = new WebSocket(runtimeUrl.replace(/^http/u, 'ws'), [RUNTIME_CHANNEL_PROTOCOL], {
    maxPayload: FRAME_BYTES_MAX,
  });
  // Nothing is read before there is somebody to take it.
  client.pause();
  runtime.on('open', () => client.resume());
  relay(client, runtime);
  relay(runtime, client);
  runtime.on('close', () => client.close(1000));
  runtime.on('error', () => client.close(1011));
  client.on('close', () => runtime.close());
  client.on('error', () => runtime.close());
}

/** Passes messages on as fast as they are taken. */
function relay(from: WebSocket, to: WebSocket): void {
  from.on('message', (data: Buffer) => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(data, () => {
      if (to.bufferedAmount < WAITING_BYTES_MAX) from.resume();
    });
    if (to.bufferedAmount >= WAITING_BYTES_MAX) from.pause();
  });
}

/** The messages of this sub-protocol are the bytes of a SPDY connection. */
function bridgePortForward(client: WebSocket, runtimeUrl: string): void {
  client.pause();
  const upgrade = httpRequest(runtimeUrl, {
    method: 'POST',
    headers: {
      connection: 'Upgrade',
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': 'portforward.k8s.io',
    },
  });
  upgrade.on('upgrade', (_response, upstream, head) => {
    const toClient = (data: Buffer): void => {
      client.send(data, () => {
        if (client.bufferedAmount < WAITING_BYTES_MAX) upstream.resume();
      });
      if (client.bufferedAmount >= WAITING_BYTES_MAX) upstream.pause();
    };
    client.on('message', (data: Buffer) => {
      if (!upstream.write(data)) client.pause();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('drain', () => client.resume());
    upstream.on('data', toClient);
    upstream.on('close', () => client.close(1000));
    upstream.on('error', () => client.close(1011));
    if (head.length > 0) toClient(head);
    client.resume();
  });
  upgrade.on('response', () => client.close(1011));
  upgrade.on('error', () => client.close(1011));
  client.on('close', () => upgrade.destroy());
  upgrade.end();
}

/** Repeats the client's upgrade request to the runtime, then copies both ways. */
function spliceSpdy(
  request: Omit<HttpRequest, 'body'>,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  runtimeUrl: string,
): void {
  const { hostname, port, pathname, search } = new URL(runtimeUrl);
  const upstream = connect({ host: hostname, port: Number(port) }, () => {
    const kept = Object.entries(request.headers).filter(([name]) => SPDY_HEADERS.has(name));
    const lines = [
      `${request.method} ${pathname}${search} HTTP/1.1`,
      `host: ${hostname}:${port}`,
      ...kept.map(([name, value]) => `${name}: ${value ?? ''}`),
    ];
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) upstream.write(head);
    socket.pipe(upstream);
    upstream.pipe(socket);
  });
  const end = (): void => {
    upstream.destroy();
    socket.destroy();
  };
  for (const side of [socket, upstream]) {
    side.on('error', end);
    side.on('close', end);
  }
}

/** Of the client's headers, those that the upgrade itself needs: nothing of who the client is goes on to the runtime. */
const SPDY_HEADERS = new Set(['connection', 'upgrade', 'x-stream-protocol-version', 'content-length']);
