/** Who is at the other end, as far as the transport has proved it. */
export interface Peer {
  /** Host and port as seen by this end; for logs only. */
  readonly address: string;
  /** The verified client or server certificate's subject; undefined where the peer showed none. */
  readonly certificate?: PeerCertificate;
}

/** The subject of a certificate that was verified against the authority in force. */
export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly serial: string;
}

/**
 * One reliable, ordered stream of bytes with back-pressure, both ways. Real: TLS over TCP. Simulated: two queues in
 * virtual time that can be cut.
 */
export interface Connection {
  readonly peer: Peer;
  /** Queues bytes to be sent; resolves when the send buffer has room again. Rejects once the connection is closed. */
  write(bytes: Uint8Array): Promise<void>;
  /** What arrives, in order, in pieces of any size. Ends when the peer closes; throws when the connection breaks. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Ends the connection at once. Idempotent. */
  close(): void;
}

/** A TLS client's identity and whom it trusts, PEM. */
export interface ClientTls {
  readonly authority: string;
  readonly certificate?: string;
  readonly key?: string;
  /** The name the server's certificate must carry; the host dialled where absent. */
  readonly serverName?: string;
}

/** Dialling out, as an argument. Listening belongs to the servers of `system/` and to the simulation. */
export interface Network {
  /** Opens a connection to `address` (`host:port`), speaking the application protocol `protocol` (ALPN). */
  connect(
    address: string,
    options: { protocol: string; tls: ClientTls; timeoutMs: number; signal: AbortSignal },
  ): Promise<Connection>;
}
