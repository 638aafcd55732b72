import { rootCertificates } from 'node:tls';
import { httpsClient } from '#system/https-client.ts';

/** One call of a service that others wrote and run: nothing of what it does is taken for granted. */
export interface HttpsCall {
  /** `host:port` to dial. */
  readonly address: string;
  readonly path: string;
  /** The name that the certificate must carry; the host dialled where absent. */
  readonly serverName?: string;
  /** Authorities, PEM; those that come with Node where absent. */
  readonly authority?: string;
  readonly body: Uint8Array;
  /** The most bytes of an answer; a longer one is broken off. */
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
}

/** Calls by POST, and follows no redirect. Rejects where no whole answer came. */
export type CallHttps = (call: HttpsCall) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

/** Real calls, each over a connection of its own. */
export const callHttps: CallHttps = async (call) => {
  using client = httpsClient(call.address, {
    authority: call.authority ?? rootCertificates.join('\n'),
    ...(call.serverName === undefined ? {} : { serverName: call.serverName }),
  });
  const response = await client.request({
    method: 'POST',
    path: call.path,
    headers: { 'content-type': 'application/json' },
    body: call.body,
    signal: call.signal,
  });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body) {
    bytes += piece.length;
    if (bytes > call.answerBytesMax)
      throw new Error(`the answer is larger than ${call.answerBytesMax} bytes`);
    pieces.push(piece);
  }
  return { status: response.status, body: Buffer.concat(pieces) };
};
