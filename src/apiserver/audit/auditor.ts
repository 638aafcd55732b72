import type { AuditLog } from '#apiserver/audit/audit-log.ts';
import { eventBody } from '#apiserver/audit/event-body.ts';
import { type AuditDecision, type AuditPolicy, type AuditStage, decide } from '#apiserver/audit/policy.ts';
import type { ApiRequest, ApiResponse, Sink, User } from '#apiserver/request.ts';
import { type RequestInfo, readableInfoOf, verbOf } from '#apiserver/request-info.ts';
import { notesOf } from '#apiserver/request-notes.ts';
import type { Clock } from '#system/clock.ts';
import { type Random, randomUuid } from '#system/random.ts';

/** A client's own id of a request, as in Kubernetes; anything else is replaced. */
const AUDIT_ID = /^[\w-]{1,64}$/;

const NOBODY: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export interface AuditorOptions {
  readonly log: AuditLog;
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

  /** Runs a request and tells of it. */
  async watch(request: ApiRequest, handle: () => Promise<ApiResponse>): Promise<ApiResponse> {
    if (request.method === 'GET' && !this.#readsMatter) return handle();
    const receivedMs = this.#options.clock.now();
    const info = readableInfoOf(request);
    const verb = verbTextOf(request, info);
    const auditId = this.#idOf(request);
    if (this.#options.policy.omitStages?.includes('RequestReceived') !== true && request.user !== undefined)
      this.#tell('RequestReceived', { request, info, verb, auditId, receivedMs });
    const response = await handle();
    const call = { request, info, verb, auditId, receivedMs, response };
    const isStream = response.body.type === 'stream';
    const decision = this.#tell(isStream ? 'ResponseStarted' : 'ResponseComplete', call);
    if (response.body.type !== 'stream' || decision.level === 'None') return response;
    const { start } = response.body;
    const complete = (): void => void this.#tell('ResponseComplete', call);
    return { ...response, body: { type: 'stream', start: (sink) => start(watched(sink, complete)) } };
  }

  #tell(
    stage: AuditStage,
    call: {
      request: ApiRequest;
      info: RequestInfo | undefined;
      verb: string;
      auditId: string;
      receivedMs: number;
      response?: ApiResponse;
    },
  ): AuditDecision {
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
    if (level === 'None' || decision.omitStages.includes(stage)) return decision;
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
    return decision;
  }

  #idOf({ headers }: ApiRequest): string {
    const given = headers['audit-id'];
    return given !== undefined && AUDIT_ID.test(given) ? given : randomUuid(this.#options.random);
  }
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
