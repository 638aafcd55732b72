import { request } from 'node:http';
import { setTimeout as pauseMs } from 'node:timers/promises';

/** How long one request may take, in milliseconds. */
const REQUEST_MS_MAX = 2000;

/** Between two requests, in milliseconds. */
const INTERVAL_MS = 50;

/** A page over a connection of its own; rejects where there is none within two seconds. */
export function fetchPage(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: address, port: 80, path: '/', agent: false, timeout: REQUEST_MS_MAX },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.once('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`answered ${response.statusCode}`)),
        );
        response.once('error', reject);
      },
    );
    call.once('timeout', () => call.destroy(new Error(`no answer within ${REQUEST_MS_MAX / 1000} s`)));
    call.once('error', reject);
    call.end();
  });
}

/** Requests to one address all the time, and how they went. */
export class Probing {
  readonly failures: string[] = [];
  answered = 0;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  /** Asks `address` until stopped. */
  constructor(address: string) {
    this.#done = this.#run(address);
  }

  async #run(address: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await fetchPage(address);
        this.answered += 1;
      } catch (error) {
        this.failures.push(`${new Date().toISOString()} ${address}: ${String(error)}`);
      }
      await pauseMs(INTERVAL_MS, undefined, { ref: false });
    }
  }

  /** Ends the asking. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

/** Ends the asking; resolves to the failures of all. */
export async function stopAll(probing: readonly Probing[]): Promise<string[]> {
  await Promise.all(probing.map((each) => each.stop()));
  return probing.flatMap(({ failures }) => failures);
}
