/** What a probe found; a failure's message is for events, in upstream kubelet's words where it has some. */
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** A request to a workload. */
export interface HttpProbe {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly timeoutMs: number;
}

/** A connection to a workload. */
export interface TcpProbe {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** A health check of a gRPC server. */
export interface GrpcProbe extends TcpProbe {
  /** The service asked for; empty asks for the server as a whole. */
  readonly service: string;
}

/** Looks at a workload from the outside. Never rejects: what goes wrong is a failed probe. */
export interface Prober {
  /** GET. Passed from 200 to 399, redirects not followed. The certificate is not verified, as upstream does. */
  http(probe: HttpProbe): Promise<ProbeResult>;
  /** Passed where the port accepts a connection. */
  tcp(probe: TcpProbe): Promise<ProbeResult>;
  /** `grpc.health.v1.Health/Check` without TLS; passed where it answers SERVING. */
  grpc(probe: GrpcProbe): Promise<ProbeResult>;
}

/** A prober whose answers a simulation gives. */
export function createSimulatedProber(
  answer: (probe: { type: keyof Prober; host: string; port: number; path: string }) => ProbeResult,
): Prober {
  return {
    http: async (probe) => answer({ type: 'http', host: probe.host, port: probe.port, path: probe.path }),
    tcp: async (probe) => answer({ type: 'tcp', host: probe.host, port: probe.port, path: '' }),
    grpc: async (probe) => answer({ type: 'grpc', host: probe.host, port: probe.port, path: probe.service }),
  };
}
