import { request as httpRequest } from 'node:http';
import type { WebSocket } from 'ws';
import { SpdyClient } from '#system/spdy-client.ts';

/** What the runtime's streams are called in Kubernetes' streaming over SPDY, by the channels of its WebSocket form. */
const STREAM_TYPES = ['stdin', 'stdout', 'stderr', 'error', 'resize'] as const;

/** The first byte of a message that says that a channel is closed (`v5.channel.k8s.io`); the second says which. */
const CLOSE_CHANNEL = 255;

/** The runtime's protocol: it ends with a Status on the error stream. */
const RUNTIME_PROTOCOL = 'v4.channel.k8s.io';

/** Bytes that may wait for a slow client; above this no more is read from the runtime until it has taken them. */
const CLIENT_BUFFER_BYTES_MAX = 1024 * 1024;

/** Messages of a client that may wait until the runtime answers; the connection is closed at more. */
const WAITING_MESSAGES_MAX = 1000;

/** Normal closure and internal error (RFC 6455). */
const CLOSED = 1000;
const FAILED = 1011;

/**
 * Connects a WebSocket of `v4.channel.k8s.io` or `v5.channel.k8s.io` (`kubectl exec`, `attach`) with a container runtime that
 * speaks SPDY. Over SPDY the end of the client's input can be told while the output still comes, as `v5` wants it, and
 * neither side is read faster than the other takes it.
 */
export function bridgeChannels(client: WebSocket, runtimeUrl: string, query: URLSearchParams): void {
  const waiting: Buffer[] = [];
  let take: (message: Buffer) => void = (message) => {
    if (waiting.push(message) > WAITING_MESSAGES_MAX) client.close(FAILED);
  };
  let close: () => void = () => upgrade.destroy();
  client.on('message', (data: Buffer) => take(data));
  client.on('close', () => close());
  client.on('error', () => close());
  const upgrade = httpRequest(runtimeUrl, {
    method: 'POST',
    headers: {
      connection: 'Upgrade',
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': RUNTIME_PROTOCOL,
    },
  });
  upgrade.on('upgrade', (_response, socket, head) => {
    const channels = new Map<number, number>();
    const connection = new SpdyClient(socket, head, {
      data: (streamId, bytes) => {
        const channel = channels.get(streamId);
        if (channel !== undefined && bytes.length > 0) send(client, connection, { channel, bytes });
      },
      end: () => client.close(CLOSED),
    });
    const streams = openStreams(connection, query);
    for (const [channel, streamId] of streams) channels.set(streamId, channel);
    close = () => connection.close();
    take = (message) => forward(client, connection, { streams, message });
    for (const message of waiting.splice(0)) take(message);
  });
  upgrade.on('response', (response) => {
    response.resume();
    client.close(FAILED);
  });
  upgrade.on('error', () => client.close(FAILED));
  upgrade.end();
}

/** The streams that the request asks for, by channel: the runtime waits for exactly these. */
function openStreams(connection: SpdyClient, query: URLSearchParams): Map<number, number> {
  // As the API reads flags: set by being there.
  const isSet = (name: string): boolean => !['0', 'false'].includes((query.get(name) ?? '0').toLowerCase());
  const isTty = isSet('tty');
  const wanted = ['error', ...(isSet('stdin') ? ['stdin'] : []), ...(isSet('stdout') ? ['stdout'] : [])];
  if (isSet('stderr') && !isTty) wanted.push('stderr');
  if (isTty) wanted.push('resize');
  const channelOf = (name: string): number => (STREAM_TYPES as readonly string[]).indexOf(name);
  return new Map(wanted.map((name) => [channelOf(name), connection.open({ streamType: name })]));
}

function send(
  client: WebSocket,
  connection: SpdyClient,
  { channel, bytes }: { channel: number; bytes: Buffer },
): void {
  client.send(Buffer.concat([Buffer.from([channel]), bytes]), () => {
    if (client.bufferedAmount <= CLIENT_BUFFER_BYTES_MAX) connection.read(true);
  });
  if (client.bufferedAmount > CLIENT_BUFFER_BYTES_MAX) connection.read(false);
}

function forward(
  client: WebSocket,
  connection: SpdyClient,
  { streams, message }: { streams: ReadonlyMap<number, number>; message: Buffer },
): void {
  const [channel = CLOSE_CHANNEL, closed = CLOSE_CHANNEL] = message;
  const streamId = streams.get(channel === CLOSE_CHANNEL ? closed : channel);
  if (streamId === undefined) return;
  if (channel === CLOSE_CHANNEL) return connection.finish(streamId);
  if (message.length === 1 || connection.write(streamId, message.subarray(1))) return;
  client.pause();
  connection.drained(() => client.resume());
}
