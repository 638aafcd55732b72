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
import type { FieldError } from '#api/status.ts';

const PROBE_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;
const LIFECYCLE_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'sleep'] as const;

type Handlers = Probe & LifecycleHandler;

/** What is wrong with a probe. A liveness or startup probe succeeds at once, so its threshold is 1. */
export function validateProbe(
  field: string,
  probe: Probe | undefined,
  { successOnce }: { successOnce: boolean },
): FieldError[] {
  if (probe === undefined) return [];
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  const isLate = successOnce && probe.successThreshold !== undefined && probe.successThreshold !== 1;
  return [
    ...validateHandler(field, probe, PROBE_HANDLERS),
    ...counts.flatMap((count) => checkNonNegative(`${field}.${count}`, probe[count])),
    ...checkPositive(`${field}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds),
    ...(isLate ? [invalidValue(`${field}.successThreshold`, probe.successThreshold, 'must be 1')] : []),
  ];
}

/** What is wrong with the hooks of a container. */
export function validateLifecycle(field: string, lifecycle: Lifecycle | undefined): FieldError[] {
  const { postStart, preStop } = lifecycle ?? {};
  return [
    ...(postStart === undefined ? [] : validateHandler(`${field}.postStart`, postStart, LIFECYCLE_HANDLERS)),
    ...(preStop === undefined ? [] : validateHandler(`${field}.preStop`, preStop, LIFECYCLE_HANDLERS)),
  ];
}

function validateHandler(
  field: string,
  handler: Handlers,
  allowed: readonly (keyof Handlers)[],
): FieldError[] {
  const [first, ...more] = allowed.filter((name) => handler[name] !== undefined);
  if (first === undefined) return [requiredValue(field, 'must specify a handler type')];
  return [
    ...more.map((name) => forbiddenField(`${field}.${name}`, 'may not specify more than 1 handler type')),
    ...validateAction(field, handler),
  ];
}

function validateAction(field: string, { exec, httpGet, tcpSocket, grpc, sleep }: Handlers): FieldError[] {
  return [
    ...(exec === undefined ? [] : checkPresent(`${field}.exec.command`, exec.command)),
    ...(httpGet === undefined ? [] : validateHttpGet(`${field}.httpGet`, httpGet)),
    ...(tcpSocket === undefined ? [] : checkPortOrName(`${field}.tcpSocket.port`, tcpSocket.port)),
    ...(grpc === undefined ? [] : checkPort(`${field}.grpc.port`, grpc.port)),
    ...(sleep === undefined ? [] : checkNonNegative(`${field}.sleep.seconds`, sleep.seconds)),
  ];
}

function validateHttpGet(
  field: string,
  { path, port, scheme, httpHeaders = [] }: HTTPGetAction,
): FieldError[] {
  return [
    ...checkPresent(`${field}.path`, path),
    ...checkPortOrName(`${field}.port`, port),
    ...checkOneOf(`${field}.scheme`, scheme, ['HTTP', 'HTTPS']),
    ...httpHeaders.flatMap(({ name }, index) =>
      /^[-!#$%&'*+.^_`|~A-Za-z0-9]+$/.test(name)
        ? []
        : [
            invalidValue(
              `${field}.httpHeaders[${index}].name`,
              name,
              "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name')",
            ),
          ],
    ),
  ];
}
