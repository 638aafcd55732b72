import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '#api/core/probe.ts';
import {
  checkNonNegative,
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkPositive,
  checkPresent,
} from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { headerNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** In the order in which Kubernetes looks: the first that is given is the handler, and others are too many. */
const PROBE_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;
const LIFECYCLE_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'sleep'] as const;
const COUNTS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

type Handlers = Probe & LifecycleHandler;

/** What of a pod its containers' probes and hooks must agree with. */
export interface HookContext {
  readonly gracePeriodSeconds: number | undefined;
}

/** What is wrong with a container's hooks and probes. */
export function validateHooks(
  field: string,
  { lifecycle, livenessProbe, readinessProbe, startupProbe }: Hooks,
  context: HookContext,
): FieldError[] {
  return [
    ...(lifecycle === undefined ? [] : validateLifecycle(`${field}.lifecycle`, lifecycle, context)),
    ...(livenessProbe === undefined ? [] : validateSinglePass(`${field}.livenessProbe`, livenessProbe)),
    ...(readinessProbe === undefined ? [] : validateReadiness(`${field}.readinessProbe`, readinessProbe)),
    ...(startupProbe === undefined ? [] : validateSinglePass(`${field}.startupProbe`, startupProbe)),
  ];
}

/** The hooks and probes of a container. */
export interface Hooks {
  readonly lifecycle?: Lifecycle;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
}

/** A liveness or startup probe succeeds at once, so its threshold is 1. */
function validateSinglePass(field: string, probe: Probe): FieldError[] {
  const { successThreshold = 1 } = probe;
  return [
    ...validateProbe(field, probe),
    ...(successThreshold === 1
      ? []
      : [invalidValue(`${field}.successThreshold`, successThreshold, 'must be 1')]),
  ];
}

function validateReadiness(field: string, probe: Probe): FieldError[] {
  const { terminationGracePeriodSeconds: seconds } = probe;
  const path = `${field}.terminationGracePeriodSeconds`;
  return [
    ...validateProbe(field, probe),
    ...(seconds === undefined ? [] : [invalidValue(path, seconds, 'must not be set for readinessProbes')]),
  ];
}

function validateProbe(field: string, probe: Probe): FieldError[] {
  return [
    ...validateHandler(field, probe, PROBE_HANDLERS),
    ...COUNTS.flatMap((count) => checkNonNegative(`${field}.${count}`, probe[count])),
    ...checkPositive(`${field}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds),
  ];
}

function validateLifecycle(
  field: string,
  { postStart, preStop }: Lifecycle,
  context: HookContext,
): FieldError[] {
  return [
    ...(postStart === undefined
      ? []
      : validateHandler(`${field}.postStart`, postStart, LIFECYCLE_HANDLERS, context)),
    ...(preStop === undefined
      ? []
      : validateHandler(`${field}.preStop`, preStop, LIFECYCLE_HANDLERS, context)),
  ];
}

function validateHandler(
  field: string,
  handler: Handlers,
  allowed: readonly (keyof Handlers)[],
  context?: HookContext,
): FieldError[] {
  const [first, ...more] = allowed.filter((name) => handler[name] !== undefined);
  if (first === undefined) return [requiredValue(field, 'must specify a handler type')];
  return [
    ...validateAction(field, handler, first, context),
    ...more.map((name) => forbiddenField(`${field}.${name}`, 'may not specify more than 1 handler type')),
  ];
}

function validateAction(
  field: string,
  { exec, httpGet, tcpSocket, grpc, sleep }: Handlers,
  name: keyof Handlers,
  context: HookContext | undefined,
): FieldError[] {
  switch (name) {
    case 'exec':
      return checkPresent(`${field}.exec.command`, exec?.command);
    case 'httpGet':
      return httpGet === undefined ? [] : validateHttpGet(`${field}.httpGet`, httpGet);
    case 'tcpSocket':
      return checkPortOrName(`${field}.tcpSocket.port`, tcpSocket?.port);
    case 'grpc':
      return checkPort(`${field}.grpc.port`, grpc?.port);
    default:
      return validateSleep(`${field}.sleep`, sleep?.seconds ?? 0, context?.gracePeriodSeconds);
  }
}

function validateSleep(field: string, seconds: number, graceSeconds: number | undefined): FieldError[] {
  if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
  const wanted = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  return [invalidValue(field, seconds, wanted)];
}

function validateHttpGet(
  field: string,
  { path, port, scheme, httpHeaders = [] }: HTTPGetAction,
): FieldError[] {
  return [
    ...checkPresent(`${field}.path`, path),
    ...checkPortOrName(`${field}.port`, port),
    ...checkOneOf(`${field}.scheme`, scheme, ['HTTP', 'HTTPS']),
    ...httpHeaders.flatMap(({ name }) =>
      headerNameErrors(name).map((detail) => invalidValue(`${field}.httpHeaders`, name, detail)),
    ),
  ];
}
