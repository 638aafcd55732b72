import { request as httpsRequest } from 'node:https';

/** The largest document that is read, in bytes; a larger one is an error. */
const DOCUMENT_BYTES_MAX = 1024 * 1024;

/** How long a server may take for a document, in milliseconds. */
const DOCUMENT_MS_MAX = 10_000;

/** Fetches a JSON document by its URL. Rejects where there is none, or it is no JSON. */
export type FetchJson = (url: string, options: { readonly authority?: string }) => Promise<unknown>;

/**
 * Over HTTPS only, trusting `authority` (PEM) or the well-known ones. Follows no redirection: where a document is, is for the
 * configuration to say.
 */
export const fetchHttpsJson: FetchJson = (url, { authority }) =>
  new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    if (protocol !== 'https:') {
      reject(new Error(`"${url}" is not fetched: only https is`));
      return;
    }
    const options = {
      ...(authority === undefined ? {} : { ca: authority }),
      headers: { accept: 'application/json', 'user-agent': 'skerry' },
      agent: false as const,
      signal: AbortSignal.timeout(DOCUMENT_MS_MAX),
    };
    const outgoing = httpsRequest(url, options, (incoming) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
        if (bytes > DOCUMENT_BYTES_MAX)
          incoming.destroy(new Error(`"${url}" is larger than ${DOCUMENT_BYTES_MAX} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        if (incoming.statusCode !== 200) {
          reject(new Error(`"${url}" was answered with ${incoming.statusCode ?? 0}, 200 was wanted`));
          return;
        }
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        } catch (cause) {
          reject(new Error(`"${url}" is no JSON`, { cause }));
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
