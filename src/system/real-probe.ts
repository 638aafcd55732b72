import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Clock } from '#system/clock.ts';
import { errorCode } from '#system/disk.ts';
import { createGrpcClient } from '#system/grpc.ts';
import { describeError } from '#system/log.ts';
import type { GrpcProbe, HttpProbe, ProbeResult, Prober, TcpProbe } from '#system/probe.ts';

const PASSED: ProbeResult = { ok: true };
const SERVING = 1;

/** Probes over the machine's network. */
export function createRealProber(clock: Clock): Prober {
  return { http: httpProbe, tcp: tcpProbe, grpc: (probe) => grpcProbe(probe, clock) };
}

function httpProbe(probe: HttpProbe): Promise<ProbeResult> {
  const host = net.isIPv6(probe.host) ? `[${probe.host}]` : probe.host;
  const url = `${probe.scheme}://${host}:${probe.port}${probe.path.startsWith('/') ? '' : '/'}${probe.path}`;
  const failed = (why: string): ProbeResult => ({ ok: false, message: `Get "${url}": ${why}` });
  return new Promise((resolve) => {
    const options = {
      headers: headersOf(probe),
      agent: false as const,
      signal: AbortSignal.timeout(probe.timeoutMs),
    };
    const onAnswer = (response: http.IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(
        status >= 200 && status < 400
          ? PASSED
          : { ok: false, message: `HTTP probe failed with statuscode: ${status}` },
      );
    };
    try {
      const request =
        probe.scheme === 'https'
          ? https.get(url, { ...options, rejectUnauthorized: false }, onAnswer)
          : http.get(url, options, onAnswer);
      request.on('error', (error) => resolve(failed(why(error, probe))));
    } catch (error) {
      // Node refuses some paths and header values before it sends anything.
      resolve(failed(describeError(error)));
    }
  });
}

/** A header given more than once is sent so; Node takes some (Host) only as one text. */
function headersOf(probe: HttpProbe): Record<string, string | string[]> {
  const headers = new Map<string, string | string[]>([
    ['user-agent', 'kube-probe'],
    ['accept', '*/*'],
    ['connection', 'close'],
  ]);
  const own = new Set<string>();
  for (const { name, value } of probe.headers) {
    const key = name.toLowerCase();
    headers.set(key, own.has(key) ? [headers.get(key) ?? [], value].flat() : value);
    own.add(key);
  }
  return Object.fromEntries(headers);
}

function tcpProbe(probe: TcpProbe): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = net.connect({
      host: probe.host,
      port: probe.port,
      signal: AbortSignal.timeout(probe.timeoutMs),
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve(PASSED);
    });
    socket.once('error', (error) => {
      socket.destroy();
      resolve({ ok: false, message: why(error, probe) });
    });
  });
}

async function grpcProbe(probe: GrpcProbe, clock: Clock): Promise<ProbeResult> {
  await using client = createGrpcClient({ type: 'tcp', host: probe.host, port: probe.port }, clock);
  try {
    const request = healthRequest(probe.service);
    const answer = await client.unary('/grpc.health.v1.Health/Check', request, {
      timeoutMs: probe.timeoutMs,
    });
    const status = answer[0] === 0x08 ? (answer[1] ?? 0) : 0;
    return status === SERVING
      ? PASSED
      : { ok: false, message: `service unhealthy (responded with "${statusName(status)}")` };
  } catch (error) {
    return { ok: false, message: describeError(error) };
  }
}

/** `HealthCheckRequest { string service = 1 }`, the length as a varint of at most two bytes. */
function healthRequest(service: string): Uint8Array {
  const text = Buffer.from(service).subarray(0, 0x3fff);
  if (text.length === 0) return text;
  const length = text.length < 0x80 ? [text.length] : [(text.length & 0x7f) | 0x80, text.length >> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), text]);
}

function statusName(status: number): string {
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status] ?? String(status);
}

function why(error: Error, probe: TcpProbe): string {
  const dial = `dial tcp ${net.isIPv6(probe.host) ? `[${probe.host}]` : probe.host}:${probe.port}`;
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
      return `${dial}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `${dial}: connect: no route to host`;
    case 'ECONNRESET':
      return `read tcp ${probe.host}:${probe.port}: connection reset by peer`;
    case 'ABORT_ERR':
      return `no answer within ${probe.timeoutMs} ms`;
    default:
      return error.name === 'AbortError'
        ? `no answer within ${probe.timeoutMs} ms`
        : `${dial}: ${error.message}`;
  }
}
