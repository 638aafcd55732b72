import type { ApiServer } from '#apiserver/api-server.ts';
import type { ApiRequest, User } from '#apiserver/request.ts';
import { spliceUpgrade } from '#system/http-forward.ts';
import { type HttpRequest, type HttpsServer, serveHttps } from '#system/https-server.ts';
import type { Connection, PeerCertificate } from '#system/network.ts';
import { bridgeStream } from '#system/stream-bridge.ts';

/** The largest request body, in bytes: Kubernetes' limit; a larger one is 413. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

export interface ServeOptions {
  readonly server: ApiServer;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string; readonly clientAuthority: string };
  /** Further protocols on the same port, by ALPN name. */
  readonly protocols?: Readonly<Record<string, (connection: Connection) => void>>;
}

/** Serves the API over HTTPS: HTTP/2, HTTP/1.1, and upgrades into pods. Users are who their client certificates name. */
export function serveApi({ server, host, port, tls, protocols }: ServeOptions): Promise<HttpsServer> {
  return serveHttps({
    host,
    port,
    tls,
    bodyBytesMax: BODY_BYTES_MAX,
    ...(protocols === undefined ? {} : { protocols }),
    handle: (request) => server.handle(apiRequestOf(request, request.body)),
    upgrade: (request, socket, head) => {
      void server.upgrade(apiRequestOf(request, new Uint8Array())).then((answer) => {
        if (answer.type === 'url') return bridgeStream(request, { socket, head }, answer.url);
        if (answer.type === 'forward') return spliceUpgrade({ socket, head }, answer.forward);
        const { response } = answer;
        const body =
          response.body.type === 'bytes' ? Buffer.concat([...response.body.chunks]) : Buffer.alloc(0);
        const lines = [
          `HTTP/1.1 ${response.status} Refused`,
          'content-type: application/json',
          `content-length: ${body.length}`,
          'connection: close',
        ];
        socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
        return undefined;
      });
    },
  });
}

function apiRequestOf(request: Omit<HttpRequest, 'body'>, body: Uint8Array): ApiRequest {
  const mark = request.url.indexOf('?');
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    path: mark < 0 ? request.url : request.url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1)),
    rawQuery: mark < 0 ? '' : request.url.slice(mark + 1),
    headers: request.headers,
    body,
    user: userOf(request.certificate),
    sourceAddress: request.remoteAddress,
  };
}

/** The subject's common name is the user, its organisations are his groups (Kubernetes' X.509 client certificates). */
function userOf(certificate: PeerCertificate | undefined): User | undefined {
  if (certificate === undefined) return undefined;
  return { name: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] };
}
