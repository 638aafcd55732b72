/** One direction of a connection, at its receiving end: pieces wait until they are read; then it ends, or breaks. */
export class BytePipe implements AsyncIterable<Uint8Array> {
  #pieces: Uint8Array[] = [];
  #end: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  push(piece: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#pieces.push(piece);
    this.#stir();
  }

  /** What has arrived can still be read; then it is over: quietly, or with an error. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#stir();
  }

  /** What has arrived is lost. */
  breakOff(error: Error): void {
    if (this.#end !== undefined) return;
    this.#pieces = [];
    this.end(error);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    while (true) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) yield piece;
      else if (this.#end?.error !== undefined) throw this.#end.error;
      else if (this.#end !== undefined) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #stir(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
