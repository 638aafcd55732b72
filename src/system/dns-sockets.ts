/** How a DNS message travels: in one datagram, or in a stream, each message after its length (RFC 1035, section 4.2). */
export type DnsTransport = 'udp' | 'tcp';

/** Answers one query; undefined leaves it without an answer. Must not reject. */
export type DnsHandler = (query: Uint8Array, transport: DnsTransport) => Promise<Uint8Array | undefined>;

export interface DnsListener extends AsyncDisposable {
  /** The port in use: the one asked for, or the one the system gave where 0 was. */
  readonly port: number;
}

/** Sockets that carry DNS messages, as an argument. What the messages say is not looked at here. */
export interface DnsSockets {
  /**
   * Answers what arrives at an address, over UDP and TCP on one port, until disposed of. Rejects with the system's error
   * (EADDRINUSE, EADDRNOTAVAIL, EACCES).
   */
  listen(options: { address: string; port: number; onQuery: DnsHandler }): Promise<DnsListener>;
  /**
   * Sends a query and resolves to the answer with the same id. Rejects when none came in time, at once where the system
   * knows of no way to the server (ENETUNREACH, ECONNREFUSED), and when `signal` aborts.
   */
  exchange(
    query: Uint8Array,
    options: {
      address: string;
      port: number;
      transport: DnsTransport;
      timeoutMs: number;
      signal: AbortSignal;
    },
  ): Promise<Uint8Array>;
}

/** The longest DNS message there is, in bytes. */
export const DNS_MESSAGE_BYTES_MAX = 65_535;
