import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

/** `tooLarge`: more than the limit came, the rest is let pass by. `tooSlow`: time was over. `broken`: the client left. */
export type RequestBody = Uint8Array | 'tooLarge' | 'tooSlow' | 'broken';

/** Reads a request's body whole: at most `bytesMax` bytes of it are kept, for at most `limitMs` milliseconds. Never rejects. */
export function readRequestBody(
  request: Http2ServerRequest | IncomingMessage,
  { bytesMax, limitMs }: { bytesMax: number; limitMs: number },
): Promise<RequestBody> {
  if (request.method === 'GET' || request.method === 'HEAD') return Promise.resolve(new Uint8Array());
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const timer = setTimeout(() => settle('tooSlow'), limitMs);
    const settle = (body: RequestBody): void => {
      clearTimeout(timer);
      if (typeof body === 'string') chunks.length = 0;
      resolve(body);
    };
    const announced = Number(request.headers['content-length'] ?? 0);
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total <= bytesMax && announced <= bytesMax) chunks.push(chunk);
      else settle('tooLarge');
    });
    request.once('end', () =>
      settle(chunks.length === 1 ? (chunks[0] ?? new Uint8Array()) : Buffer.concat(chunks)),
    );
    request.once('close', () => settle('broken'));
    if (announced > bytesMax) settle('tooLarge');
  });
}
