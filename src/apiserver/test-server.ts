import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import type { KubeObject } from '#api/object.ts';
import type { Status } from '#api/status.ts';
import { reconcileDefaultRoles } from '#apiserver/authorization/reconcile-default-roles.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
  ensureNamespaces,
} from '#apiserver/control-plane.ts';
import { ensureFlowControl } from '#apiserver/fairness/ensure-flow-control.ts';
import { type ApiResponse, type Sink, type User, utf8 } from '#apiserver/request.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import { createLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** A request as a test writes it: GET by nobody but the system itself, where it does not say otherwise. */
export interface TestRequest {
  readonly method?: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes as they are, or a value that is sent as JSON. */
  readonly body?: unknown;
  /** `undefined` is nobody. */
  readonly user?: User | undefined;
}

/** An answer that is no stream. */
export interface TestAnswer<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly body: T;
}

/** One line of a watch. */
export interface TestWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject & Partial<Status>;
}

/** A watcher that a test reads at its own pace. */
export interface TestWatch {
  readonly status: number;
  /** The answer's body where the watch was refused. */
  readonly refusal: Partial<Status> | undefined;
  readonly ended: boolean;
  /** Whether the server dropped what the reader had not taken. */
  readonly destroyed: boolean;
  /** Takes what has arrived. */
  read(): TestWatchEvent[];
  /** `ADDED a`, `BOOKMARK 7`, `ERROR Expired`, of what has arrived. */
  readNames(): string[];
  leave(): void;
}

/** The real API server over a store in memory, in virtual time, with namespace `default`. */
export interface TestServer extends ControlPlane {
  readonly store: Store;
  readonly clock: SimulatedClock;
  /** What it has logged as warning or error. */
  readonly complaints: readonly string[];
  call<T = KubeObject & Partial<Status>>(request: TestRequest): Promise<TestAnswer<T>>;
  watch(path: string, options?: { user?: User; headers?: Record<string, string> }): Promise<TestWatch>;
  /** Lets everything go on that waits for nothing but its turn. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestServerOptions extends Partial<ControlPlaneOptions> {
  /** One of its own where absent. */
  readonly clock?: SimulatedClock;
  /** Called before the views run: for whatever asks for views of its own. */
  readonly prepare?: (plane: ControlPlane) => void;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? new SimulatedClock();
  const random = seededRandom(1);
  const complaints: string[] = [];
  const log = createLog({ write: (line) => complaints.push(line), now: () => clock.now(), level: 'warn' });
  const store = options.store ?? (await openMemoryStore({ log: createMemoryLog() }));
  const plane = createControlPlane({
    types: BUILTIN_RESOURCES,
    clock,
    random,
    log,
    ...options,
    store,
  });
  await ensureNamespaces(plane.client, ['default', 'kube-system']);
  await reconcileDefaultRoles(plane.client);
  await ensureFlowControl(plane.client);
  options.prepare?.(plane);
  const stop = new AbortController();
  const running = plane.views.run(stop.signal);
  const settle = (): Promise<void> => clock.advance(0);
  await clock.advanceUntil(() => plane.views.synced, 60_000);
  return {
    ...plane,
    store,
    clock,
    complaints,
    call: (request) => call(plane, request),
    watch: (path, how = {}) => watch(plane, path, how),
    settle,
    async stop() {
      stop.abort();
      await Promise.all([running, settle()]);
      await store[Symbol.asyncDispose]();
    },
  };
}

function handle(plane: ControlPlane, request: TestRequest): Promise<ApiResponse> {
  const { method = 'GET', path, headers = {}, body } = request;
  const mark = path.indexOf('?');
  const bytes = body === undefined ? new Uint8Array() : bytesOf(body);
  return plane.server.handle({
    method,
    path: mark < 0 ? path : path.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : path.slice(mark + 1)),
    rawQuery: mark < 0 ? '' : path.slice(mark + 1),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: bytes,
    user: 'user' in request ? request.user : API_SERVER_USER,
  });
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return utf8(typeof body === 'string' ? body : JSON.stringify(body));
}

async function call<T>(plane: ControlPlane, request: TestRequest): Promise<TestAnswer<T>> {
  const response = await handle(plane, request);
  const text = response.body.type === 'bytes' ? textOf(response.body.chunks) : '';
  const isJson = response.headers['content-type']?.includes('json') === true && text !== '';
  const body = (isJson ? JSON.parse(text) : undefined) as T;
  return { status: response.status, headers: response.headers, text, body };
}

function textOf(chunks: readonly Uint8Array[]): string {
  return Buffer.concat([...chunks]).toString('utf8');
}

async function watch(
  plane: ControlPlane,
  path: string,
  how: { user?: User; headers?: Record<string, string> },
): Promise<TestWatch> {
  const response = await handle(plane, { path, ...how });
  const chunks: Uint8Array[] = [];
  const closed = new AbortController();
  const state = { ended: false, destroyed: false };
  const sink: Sink = {
    write: (bytes) => void chunks.push(bytes),
    get bufferedBytes() {
      return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    },
    drained: () => Promise.resolve(),
    end: () => {
      state.ended = true;
    },
    destroy: () => {
      state.destroyed = true;
      chunks.length = 0;
      closed.abort();
    },
    closed: closed.signal,
  };
  const { body } = response;
  if (body.type === 'stream') body.start(sink);
  const read = (): TestWatchEvent[] =>
    textOf(chunks.splice(0))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as TestWatchEvent);
  return {
    status: response.status,
    refusal: body.type === 'bytes' ? (JSON.parse(textOf(body.chunks)) as Partial<Status>) : undefined,
    get ended() {
      return state.ended;
    },
    get destroyed() {
      return state.destroyed;
    },
    read,
    readNames: () => read().map(nameOfEvent),
    leave: () => closed.abort(),
  };
}

function nameOfEvent({ type, object }: TestWatchEvent): string {
  if (type === 'ERROR') return `ERROR ${object.reason ?? ''}`;
  if (type !== 'BOOKMARK') return `${type} ${object.metadata.name}`;
  const isInitial = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
  return `BOOKMARK ${object.metadata.resourceVersion}${isInitial ? ' initial-events-end' : ''}`;
}

/** `409 Conflict: what it says`, of an answer that is a refusal; the code alone of one that is none. */
export function refusalOf({ status, body }: TestAnswer<Partial<Status>>): string {
  return status < 300 ? String(status) : `${status} ${body.reason ?? ''}: ${body.message ?? ''}`;
}
