import type { Informed } from '#apiserver/request-info.ts';
import type { Noted } from '#apiserver/request-notes.ts';
import type { CheckOperation } from '#store/store.ts';
import type { HttpResponse, HttpSink } from '#system/http-exchange.ts';

/** Who sends a request, as the transport or a token has proved it. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** Tells apart users who had the same name one after the other. */
  readonly uid?: string;
  /** What else is known of him: the pod that a token is bound to, the id of a credential. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The check that each commit of a request carries, as of now. Throws a StatusError where it would not hold. */
export type StoreGuard = () => CheckOperation;

/** A request as the HTTP layer hands it over, free of any HTTP library. Header names are lower-case. */
export interface ApiRequest extends Noted, Informed {
  readonly method: string;
  /** Decoded by segment later: still percent-encoded here. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it came, without its question mark; nothing is passed on of it where absent. */
  readonly rawQuery?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** Who the transport has proved the client to be; undefined where only a token may tell. */
  readonly user: User | undefined;
  /** The address that the connection comes from; undefined within the process. */
  readonly sourceAddress?: string | undefined;
  /** What must hold in the store for a write of this request to go through; only components of this process say so. */
  readonly guard?: StoreGuard;
}

/** Where a streamed answer goes. */
export type Sink = HttpSink;

export interface ApiResponse extends HttpResponse {
  /** What was read to make the answer, in bytes, where that is more than the answer holds. */
  readonly readBytes?: number;
}

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** An answer of JSON. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): ApiResponse {
  return bytesResponse(status, [utf8(JSON.stringify(value))], headers);
}

/** An answer of bytes that are JSON already. */
export function bytesResponse(
  status: number,
  chunks: readonly Uint8Array[],
  headers: Record<string, string> = {},
): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: { type: 'bytes', chunks },
  };
}

/** An answer of plain text. */
export function textResponse(status: number, text: string): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: { type: 'bytes', chunks: [utf8(text)] },
  };
}
