import {
  CompactionRequest,
  CompactionResponse,
  RangeRequest,
  RangeResponse,
  StatusRequest,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from '#store/etcd-messages.ts';
import { must } from '#system/assert.ts';
import type { Clock } from '#system/clock.ts';
import { errorCode } from '#system/disk.ts';
import { createGrpcClient, type GrpcClient, GrpcError } from '#system/grpc.ts';
import type { InputOf, Message, MessageOf } from '#system/protobuf.ts';

/** How long one call may take, in milliseconds: etcd itself gives up on a proposal after about seven seconds. */
const CALL_MS_MAX = 8000;

/** How long one member may take to say what is newest before the next one is asked, in milliseconds: it may be cut off. */
const QUESTION_MS_MAX = 2000;

/** Who we are to etcd and whom we trust, PEM. */
export interface EtcdTls {
  readonly authority: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface EtcdEndpoint {
  readonly host: string;
  readonly port: number;
  /** Whether to speak TLS. */
  readonly secure: boolean;
}

export interface EtcdClientOptions {
  /** The members, in the order in which they are tried. */
  readonly endpoints: readonly EtcdEndpoint[];
  readonly tls?: EtcdTls;
  readonly clock: Clock;
}

/** A thin client of etcd v3. It stays with one member until that fails it, then goes on to the next. */
export interface EtcdClient extends AsyncDisposable {
  range(request: InputOf<typeof RangeRequest>): Promise<MessageOf<typeof RangeResponse>>;
  /** As `range`, of little: a member that does not answer within {@link QUESTION_MS_MAX} is left for the next one. */
  question(request: InputOf<typeof RangeRequest>): Promise<MessageOf<typeof RangeResponse>>;
  /** Sent once: where the answer does not come, nobody knows whether it took effect. */
  txn(request: InputOf<typeof TxnRequest>): Promise<MessageOf<typeof TxnResponse>>;
  compact(request: InputOf<typeof CompactionRequest>): Promise<void>;
  /** One watch on one stream; leaving the loop ends it. It fails where its member is left by a call. */
  watch(
    request: InputOf<typeof WatchRequest>['create'],
    signal: AbortSignal,
  ): AsyncIterable<MessageOf<typeof WatchResponse>>;
  status(): Promise<MessageOf<typeof StatusResponse>>;
  /** Goes on to the next member: this one lags or does not answer. */
  leaveMember(): void;
}

/** Nothing was sent: the next member may be asked instead. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

export function createEtcdClient({ endpoints, tls, clock }: EtcdClientOptions): EtcdClient {
  const clients = endpoints.map((endpoint) => createGrpcClient(targetOf(endpoint, tls), clock));
  let current = 0;
  /** Ends the watches at the current member. */
  let stay = new AbortController();
  const leave = (member: number): void => {
    if (current !== member) return;
    memberAt(member).abandonSession();
    current = (member + 1) % clients.length;
    stay.abort(new GrpcError('UNAVAILABLE', 'the member of etcd was left'));
    stay = new AbortController();
  };
  const memberAt = (index: number): GrpcClient => must(clients[index], 'a member of etcd');

  const call = async <Request, Answer>(
    path: string,
    [request, answer]: [Message<unknown, Request>, Message<Answer, never>],
    input: Request,
    { timeoutMs = CALL_MS_MAX, mayRepeat = wasNotSent } = {},
  ): Promise<Answer> => {
    const encoded = request.encode(input);
    for (let tries = 1; ; tries++) {
      const member = current;
      try {
        return answer.decode(await memberAt(member).unary(path, encoded, { timeoutMs }));
      } catch (error) {
        if (isLost(error)) leave(member);
        if (tries >= clients.length || !mayRepeat(error)) throw error;
      }
    }
  };
  const kv = '/etcdserverpb.KV';
  return {
    range: (request) => call(`${kv}/Range`, [RangeRequest, RangeResponse], request),
    question(request) {
      const timeoutMs = Math.min(QUESTION_MS_MAX, CALL_MS_MAX / clients.length);
      return call(`${kv}/Range`, [RangeRequest, RangeResponse], request, { timeoutMs, mayRepeat: isLost });
    },
    txn: (request) => call(`${kv}/Txn`, [TxnRequest, TxnResponse], request),
    async compact(request) {
      await call(`${kv}/Compact`, [CompactionRequest, CompactionResponse], request);
    },
    async *watch(create, signal) {
      const member = current;
      try {
        const either = AbortSignal.any([signal, stay.signal]);
        const stream = memberAt(member).stream('/etcdserverpb.Watch/Watch', { signal: either });
        stream.send(WatchRequest.encode({ create }));
        for await (const message of stream) yield WatchResponse.decode(message);
      } catch (error) {
        if (isLost(error)) leave(member);
        throw error;
      }
    },
    status: () => call('/etcdserverpb.Maintenance/Status', [StatusRequest, StatusResponse], {}),
    leaveMember: () => leave(current),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

/** Whether the call never left this machine. */
export function wasNotSent(error: unknown): boolean {
  return error instanceof GrpcError && NOT_SENT.has(errorCode(error.cause) ?? '');
}

/** Whether another member may do better. */
function isLost(error: unknown): boolean {
  return error instanceof GrpcError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
}

function targetOf(
  { host, port, secure }: EtcdEndpoint,
  tls: EtcdTls | undefined,
): Parameters<typeof createGrpcClient>[0] {
  if (!secure) return { type: 'tcp', host, port };
  return {
    type: 'tcp',
    host,
    port,
    tls: {
      minVersion: 'TLSv1.2',
      ...(tls === undefined ? {} : { ca: tls.authority, cert: tls.certificate, key: tls.key }),
    },
  };
}
