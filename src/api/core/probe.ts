/** `core/v1.Probe`. */
export interface Probe {
  exec?: ExecAction;
  failureThreshold?: number;
  grpc?: GRPCAction;
  httpGet?: HTTPGetAction;
  initialDelaySeconds?: number;
  periodSeconds?: number;
  successThreshold?: number;
  tcpSocket?: TCPSocketAction;
  terminationGracePeriodSeconds?: number;
  timeoutSeconds?: number;
}

/** `core/v1.ExecAction`. */
export interface ExecAction {
  command?: string[];
}

/** `core/v1.HTTPGetAction`. */
export interface HTTPGetAction {
  host?: string;
  httpHeaders?: HTTPHeader[];
  path?: string;
  port: number | string;
  scheme?: 'HTTP' | 'HTTPS';
}

/** `core/v1.HTTPHeader`. */
export interface HTTPHeader {
  name: string;
  value: string;
}

/** `core/v1.TCPSocketAction`. */
export interface TCPSocketAction {
  host?: string;
  port: number | string;
}

/** `core/v1.GRPCAction`. */
export interface GRPCAction {
  port: number;
  service?: string;
}

/** `core/v1.SleepAction`. */
export interface SleepAction {
  seconds: number;
}

/** `core/v1.Lifecycle`. */
export interface Lifecycle {
  postStart?: LifecycleHandler;
  preStop?: LifecycleHandler;
  stopSignal?: string;
}

/** `core/v1.LifecycleHandler`. */
export interface LifecycleHandler {
  exec?: ExecAction;
  httpGet?: HTTPGetAction;
  sleep?: SleepAction;
  tcpSocket?: TCPSocketAction;
}
