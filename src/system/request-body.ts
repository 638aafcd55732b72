import type { Readable } from 'node:stream';

/** `tooLarge`: more than the limit came, the rest is let pass by. `tooSlow`: time was over. `broken`: the client left. */
export type RequestBody = Uint8Array | 'tooLarge' | 'tooSlow' | 'broken';

export interface RequestBodyOptions {
  readonly method: string;
  /** What the client says that it will send, in bytes; 0 where it does not. */
  readonly announcedBytes: number;
  readonly bytesMax: number;
  readonly limitMs: number;
}

const NO_BODY = new Uint8Array();

/** Reads a request's body whole: at most `bytesMax` bytes of it are kept, for at most `limitMs` milliseconds. Never rejects. */
export function readRequestBody(
  request: Readable,
  { method, announcedBytes, bytesMax, limitMs }: RequestBodyOptions,
): Promise<RequestBody> {
  if (method === 'GET' || method === 'HEAD') {
    request.resume();
    return Promise.resolve(NO_BODY);
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const timer = setTimeout(() => settle('tooSlow'), limitMs);
    const settle = (body: RequestBody): void => {
      clearTimeout(timer);
      if (typeof body === 'string') chunks.length = 0;
      resolve(body);
    };
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total <= bytesMax && announcedBytes <= bytesMax) chunks.push(chunk);
      else settle('tooLarge');
    });
    request.once('end', () => settle(chunks.length === 1 ? (chunks[0] ?? NO_BODY) : Buffer.concat(chunks)));
    request.once('close', () => settle('broken'));
    if (announcedBytes > bytesMax) settle('tooLarge');
  });
}
