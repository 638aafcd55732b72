import type { ApiServer } from '#apiserver/api-server.ts';
import type { Sink, StoreGuard, User } from '#apiserver/request.ts';
import type { Transport, TransportResponse } from '#client/transport.ts';

/** The way to an API server in this same process, as `user`; every write goes through only where `guard` lets it. */
export function inProcessTransport(
  server: Pick<ApiServer, 'handle'>,
  user: User,
  { guard }: { guard?: StoreGuard } = {},
): Transport {
  return {
    async request(request): Promise<TransportResponse> {
      const mark = request.path.indexOf('?');
      const path = mark < 0 ? request.path : request.path.slice(0, mark);
      const query = new URLSearchParams(mark < 0 ? '' : request.path.slice(mark + 1));
      const { method, headers = {}, body = new Uint8Array() } = request;
      const response = await server.handle({
        ...{ method, path, query, headers, body, user },
        ...(guard === undefined ? {} : { guard }),
      });
      if (response.body.type === 'bytes') {
        return { status: response.status, headers: response.headers, body: fromChunks(response.body.chunks) };
      }
      const pipe = new Pipe(request.signal);
      response.body.start(pipe.sink);
      return { status: response.status, headers: response.headers, body: pipe };
    },
  };
}

async function* fromChunks(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

/** Bytes from a sink to one reader. */
class Pipe implements AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  #drained: (() => void)[] = [];
  readonly #closed = new AbortController();
  readonly sink: Sink;

  constructor(signal: AbortSignal | undefined) {
    const bufferedBytes = (): number => this.#bufferedBytes;
    this.sink = {
      write: (bytes) => this.#write(bytes),
      get bufferedBytes() {
        return bufferedBytes();
      },
      drained: () => this.#whenDrained(),
      end: () => this.#end(),
      destroy: () => this.#close(),
      closed: this.#closed.signal,
    };
    const abort = (): void => this.#close();
    if (signal?.aborted) abort();
    else {
      signal?.addEventListener('abort', abort, { once: true });
      this.#closed.signal.addEventListener('abort', () => signal?.removeEventListener('abort', abort), {
        once: true,
      });
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      while (true) {
        yield* this.#take();
        if (this.#chunks.length > 0) continue;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#close();
    }
  }

  #take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bufferedBytes = 0;
    for (const resolve of this.#drained.splice(0)) resolve();
    return chunks;
  }

  #whenDrained(): Promise<void> {
    if (this.#bufferedBytes === 0 || this.#closed.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(bytes);
    this.#bufferedBytes += bytes.length;
    this.#notify();
  }

  #end(): void {
    this.#ended = true;
    this.#notify();
  }

  #close(): void {
    this.#take();
    this.#end();
    this.#closed.abort();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
