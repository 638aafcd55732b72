import { encodeBlob, encodeMessage } from '#link/frames.ts';
import { SILENCE_MS_MAX } from '#link/wire.ts';
import type { Clock, Timer } from '#system/clock.ts';
import type { Connection } from '#system/network.ts';

/**
 * The sending half of one end of a link, and its watch over silence: a peer from which nothing came for
 * {@link SILENCE_MS_MAX} is cut off.
 */
export class LinkChannel<Outgoing extends object> {
  readonly #connection: Connection;
  readonly #clock: Clock;
  #silence: Timer | undefined;
  #closed = false;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.heard();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Resolves when there is room for more; rejects once the link is closed. */
  send(message: Outgoing): Promise<void> {
    return this.#connection.write(encodeMessage(message));
  }

  sendBlob(id: number, bytes: Uint8Array): Promise<void> {
    return this.#connection.write(encodeBlob(id, bytes));
  }

  /** Something arrived. */
  heard(): void {
    this.#silence?.cancel();
    if (this.#closed) return;
    this.#silence = this.#clock.after(SILENCE_MS_MAX, () => this.close());
  }

  close(): void {
    this.#closed = true;
    this.#silence?.cancel();
    this.#connection.close();
  }
}
