import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { bridgeStream } from '#system/stream-bridge.ts';

const MIB = 1024 * 1024;
const SENT_BYTES = 48 * MIB;
const CHUNK = Buffer.alloc(256 * 1024, 7);

/** What two sockets of the kernel and the bridge may hold between them: much less than is sent. */
const HELD_BYTES_MAX = 24 * MIB;

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

async function listen(upgrade: Upgrade): Promise<{ server: Server; url: string }> {
  const server = createServer().on('upgrade', upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The API server's side, for a runtime at `url`. */
function listenAsBridge(url: string) {
  return listen((request, socket, head) => {
    const headers = request.headers as Record<string, string>;
    const { method = 'GET', url: path = '/' } = request;
    bridgeStream({ method, url: path, headers, certificate: undefined }, { socket, head }, `http://${url}/`);
  });
}

/** Resolves with what waits once it does not become less any more. */
async function stalled(waiting: () => number): Promise<number> {
  for (let same = 0, before = -1; same < 15; ) {
    await wait(20);
    same = waiting() === before ? same + 1 : 0;
    before = waiting();
  }
  return waiting();
}

/** A WebSocket by hand: the library takes no sub-protocol with a slash in its name. */
async function openTunnel(url: string): Promise<Duplex> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
  };
  const asked = request(`http://${url}/x/portforward`, { headers }).end();
  const [answer, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Duplex];
  assert.equal(answer.headers['sec-websocket-protocol'], headers['sec-websocket-protocol']);
  return socket;
}

/** One binary frame, masked with nothing (RFC 6455, section 5.2). */
function frameOf(payload: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(0x82, 0);
  head.writeUInt8(0x80 | 127, 1);
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

function close(...servers: Server[]): void {
  for (const server of servers) server.close().closeAllConnections();
}

test('a port that takes nothing holds its client back, and gets every byte once it does', async () => {
  const runtimeSocket = Promise.withResolvers<Duplex>();
  const runtime = await listen((_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n');
    socket.pause();
    runtimeSocket.resolve(socket);
  });
  const bridge = await listenAsBridge(runtime.url);
  const client = await openTunnel(bridge.url);
  for (let sent = 0; sent < SENT_BYTES; sent += CHUNK.length) client.write(frameOf(CHUNK));
  const socket = await runtimeSocket.promise;
  const waiting = await stalled(() => client.writableLength);
  assert.ok(waiting > SENT_BYTES - HELD_BYTES_MAX, `${waiting} bytes wait at the client`);
  let taken = 0;
  socket.on('data', (data: Buffer) => {
    taken += data.length;
  });
  socket.resume();
  while (taken < SENT_BYTES) await once(socket, 'data');
  assert.equal(taken, SENT_BYTES);
  client.destroy();
  close(bridge.server, runtime.server);
});

test('a client that takes nothing holds the port back, and gets every byte once it does', async () => {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v4.channel.k8s.io' });
  const runtimeSocket = Promise.withResolvers<WebSocket>();
  const runtime = await listen((request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (accepted) => runtimeSocket.resolve(accepted)),
  );
  const bridge = await listenAsBridge(runtime.url);
  const client = new WebSocket(`ws://${bridge.url}/x/portforward?ports=80`, ['v4.channel.k8s.io']);
  let taken = 0;
  client.on('message', (data: Buffer) => {
    taken += data.length;
  });
  await once(client, 'open');
  client.pause();
  const upstream = await runtimeSocket.promise;
  for (let sent = 0; sent < SENT_BYTES; sent += CHUNK.length) upstream.send(CHUNK);
  const waiting = await stalled(() => upstream.bufferedAmount);
  assert.ok(waiting > SENT_BYTES - HELD_BYTES_MAX, `${waiting} bytes wait at the port`);
  client.resume();
  while (taken < SENT_BYTES) await once(client, 'message');
  assert.equal(taken, SENT_BYTES);
  client.terminate();
  close(bridge.server, runtime.server);
});
