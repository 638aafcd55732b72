import { StatusError } from '#api/status.ts';
import type { AuditLog } from '#apiserver/audit/audit-log.ts';
import { eventBody } from '#apiserver/audit/event-body.ts';
import { type AuditDecision, type AuditPolicy, type AuditStage, decide } from '#apiserver/audit/policy.ts';
import { isComponent } from '#apiserver/components.ts';
import type { ApiRequest, ApiResponse, Sink, User } from '#apiserver/request.ts';
import { type RequestInfo, readableInfoOf, verbOf } from '#apiserver/request-info.ts';
import { notesOf } from '#apiserver/request-notes.ts';
import type { Clock } from '#system/clock.ts';
import { type Random, randomUuid } from '#system/random.ts';

/** A client's own id of a request, as in Kubernetes; anything else is replaced. */
const AUDIT_ID = /^[\w-]{1,64}$/;

const NOBODY: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/**
 * When an event is on the disk, by upstream's names: `batch`, some moments after the answer; `blocking`, before it, as far as the
 * disk allows; `blocking-strict`, and no request is begun whose RequestReceived cannot be written.
 */
export const AUDIT_MODES = ['batch', 'blocking', 'blocking-strict'] as const;
export type AuditMode = (typeof AUDIT_MODES)[number];

/** One request, and what became of it so far. */
interface Call {
  readonly request: ApiRequest;
  readonly info: RequestInfo | undefined;
  readonly verb: string;
  readonly auditId: string;
  readonly receivedMs: number;
  readonly response?: ApiResponse;
}

export interface AuditorOptions {
  readonly log: AuditLog;
  readonly mode: AuditMode;
  readonly policy: AuditPolicy;
  readonly clock: Clock;
  readonly random: Random;
}

/** Tells of requests what the policy asks for. */
export class Auditor {
  readonly #options: AuditorOptions;
  /** Whether anything may be told of reads: else they are not even looked at. */
  readonly #readsMatter: boolean;

  constructor(options: AuditorOptions) {
    this.#options = options;
    const [first] = options.policy.rules;
    const silent =
      first?.level === 'None' && Object.keys(first).every((field) => field === 'level' || field === 'verbs');
    this.#readsMatter = !(
      silent && ['get', 'list', 'watch'].every((verb) => first.verbs?.includes(verb) === true)
    );
  }

  /** Runs a request and tells of it. Whoever asks from outside is answered its `Audit-Id`. */
  async watch(request: ApiRequest, handle: () => Promise<ApiResponse>): Promise<ApiResponse> {
    const isInside = request.user !== undefined && isComponent(request.user);
    if (request.method === 'GET' && !this.#readsMatter)
      return isInside ? handle() : withAuditId(await handle(), this.#idOf(request));
    const receivedMs = this.#options.clock.now();
    const info = readableInfoOf(request);
    const verb = verbTextOf(request, info);
    const auditId = this.#idOf(request);
    const received = { request, info, verb, auditId, receivedMs };
    notesOf(request).onUser = () => this.#receive(received);
    const response = await handle();
    const call = { ...received, response };
    const isStream = response.body.type === 'stream';
    const decision = this.#tell(isStream ? 'ResponseStarted' : 'ResponseComplete', call);
    if (decision.isTold && this.#options.mode !== 'batch') await this.#options.log.flush();
    const answer = isInside ? response : withAuditId(response, auditId);
    if (answer.body.type !== 'stream' || decision.level === 'None') return answer;
    const { start } = answer.body;
    const complete = (): void => void this.#tell('ResponseComplete', call);
    return { ...answer, body: { type: 'stream', start: (sink) => start(watched(sink, complete)) } };
  }

  /** It is known who the request is from: rejects where that must be on the disk first, and cannot be. */
  #receive(call: Call): Promise<void> | undefined {
    const { policy, mode } = this.#options;
    if (policy.omitStages?.includes('RequestReceived') === true) return undefined;
    const { isTold } = this.#tell('RequestReceived', call);
    return isTold && mode === 'blocking-strict' ? this.#flushed() : undefined;
  }

  async #flushed(): Promise<void> {
    if (await this.#options.log.flush()) return;
    throw new StatusError('InternalError', 'Internal error occurred: failed to store audit event');
  }

  #tell(stage: AuditStage, call: Call): AuditDecision & { readonly isTold: boolean } {
    const { request, info, verb, response } = call;
    const { user = request.user, impersonator } = notesOf(request);
    const resource = info?.type === 'resource' ? info : undefined;
    const decision = decide(this.#options.policy, {
      user: user ?? NOBODY,
      verb,
      resource:
        resource === undefined
          ? undefined
          : resource.subresource === undefined
            ? resource.plural
            : `${resource.plural}/${resource.subresource}`,
      group: resource?.group ?? '',
      namespace: resource?.namespace,
      name: resource?.name,
      path: request.path,
    });
    const { level } = decision;
    if (level === 'None' || decision.omitStages.includes(stage)) return { ...decision, isTold: false };
    const body = response?.body.type === 'bytes' ? response.body.chunks : undefined;
    const failed = (response?.status ?? 0) >= 400 && body !== undefined;
    const hasRequest = (level === 'Request' || level === 'RequestResponse') && request.body.length > 0;
    const text = eventBody({
      ...call,
      ...decision,
      stage,
      user: user ?? NOBODY,
      impersonator,
      nowMs: this.#options.clock.now(),
      code: response?.status,
      status: failed ? statusOf(textOf(body)) : undefined,
      requestBody: hasRequest ? tidy(textOf([request.body]), decision) : undefined,
      responseBody:
        level === 'RequestResponse' && body !== undefined ? tidy(textOf(body), decision) : undefined,
    });
    this.#options.log.append(text);
    return { ...decision, isTold: true };
  }

  #idOf({ headers }: ApiRequest): string {
    const given = headers['audit-id'];
    return given !== undefined && AUDIT_ID.test(given) ? given : randomUuid(this.#options.random);
  }
}

function withAuditId(response: ApiResponse, auditId: string): ApiResponse {
  return { ...response, headers: { ...response.headers, 'audit-id': auditId } };
}

function verbTextOf({ method, query }: ApiRequest, info: RequestInfo | undefined): string {
  try {
    return info === undefined ? method.toLowerCase() : verbOf(method, info, query);
  } catch {
    // A method that is not served.
    return method.toLowerCase();
  }
}

function textOf(chunks: readonly Uint8Array[]): string {
  return Buffer.concat([...chunks]).toString('utf8');
}

function statusOf(text: string): { message?: string; reason?: string } | undefined {
  try {
    return JSON.parse(text) as { message?: string; reason?: string };
  } catch {
    // A refusal of a route of its own, in plain text.
    return { message: text };
  }
}

/** A body without `managedFields`, where the policy wants it so. */
function tidy(text: string, { omitManagedFields }: AuditDecision): string {
  if (!omitManagedFields || !text.includes('"managedFields"')) return text;
  try {
    return JSON.stringify(
      JSON.parse(text, (key, value: unknown) => (key === 'managedFields' ? undefined : value)),
    );
  } catch {
    // Not JSON: told as it came.
    return text;
  }
}

/** A sink that tells when the stream is over, whoever ended it. */
function watched(sink: Sink, complete: () => void): Sink {
  let isOver = false;
  const over = (): void => {
    if (!isOver) complete();
    isOver = true;
  };
  sink.closed.addEventListener('abort', over, { once: true });
  return {
    write: (bytes) => sink.write(bytes),
    get bufferedBytes() {
      return sink.bufferedBytes;
    },
    drained: () => sink.drained(),
    end: () => {
      over();
      sink.end();
    },
    destroy: () => {
      over();
      sink.destroy();
    },
    closed: sink.closed,
  };
}
