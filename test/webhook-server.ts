import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The request of an `admission.k8s.io/v1.AdmissionReview`, as far as the tests look at it. */
export interface ReviewRequest {
  readonly uid: string;
  readonly operation: string;
  readonly dryRun: boolean;
  readonly name?: string;
  readonly namespace?: string;
  readonly object: { readonly data?: Record<string, string> } | null;
}

/** What a path answers: the fields of its response beside `uid`; with `text` that instead, with `status`. */
export type Answer = (request: ReviewRequest) => Readonly<Record<string, unknown>> | 'never';

/** A real webhook: HTTPS on this machine, with what it was asked. */
export class WebhookServer implements AsyncDisposable {
  readonly #server: Server;
  /** What was asked, in order, with the path. */
  readonly asked: { path: string; request: ReviewRequest }[] = [];

  private constructor(tls: { certificate: string; key: string }, answers: Readonly<Record<string, Answer>>) {
    this.#server = createServer({ cert: tls.certificate, key: tls.key }, (incoming, outgoing) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', () => {
        const { pathname } = new URL(incoming.url ?? '/', 'https://webhook');
        const { request } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { request: ReviewRequest };
        this.asked.push({ path: pathname, request });
        const answer = answers[pathname]?.(request) ?? { status: 404, text: 'no such webhook' };
        if (answer === 'never') return;
        if ('text' in answer) return void outgoing.writeHead(Number(answer['status'])).end(answer['text']);
        const review = {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: request.uid, ...answer },
        };
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review));
      });
    });
  }

  /** Listens on every address of this machine. */
  static async start(
    tls: { certificate: string; key: string },
    answers: Readonly<Record<string, Answer>>,
  ): Promise<WebhookServer> {
    const webhooks = new WebhookServer(tls, answers);
    await new Promise<void>((resolve, reject) => {
      webhooks.#server.once('error', reject).listen(0, '0.0.0.0', () => resolve());
    });
    return webhooks;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** A response that lets the object pass, changed by a JSON patch. */
export function patched(...operations: object[]): Record<string, unknown> {
  const patch = Buffer.from(JSON.stringify(operations)).toString('base64');
  return { allowed: true, patchType: 'JSONPatch', patch };
}
