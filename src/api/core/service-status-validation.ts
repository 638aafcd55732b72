import type { LoadBalancerIngress, Service } from '#api/core/service.ts';
import { checkName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { parseIpAddress } from '#api/ip-network.ts';
import { withoutLeadingZeros } from '#api/ip-syntax.ts';
import { checkLegacyIp } from '#api/legacy-ip.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with the status of a service. Source: Kubernetes' `ValidateLoadBalancerStatus`. */
export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const field = 'status.loadBalancer.ingress';
  if (spec.type !== 'LoadBalancer' && ingress.length > 0)
    return [forbiddenField(field, "may only be used when `spec.type` is 'LoadBalancer'")];
  const known = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return ingress.flatMap((point, index) => validatePoint(`${field}[${index}]`, point, known));
}

function validatePoint(
  field: string,
  { ip = '', ipMode, hostname = '' }: LoadBalancerIngress,
  known: readonly string[],
): FieldError[] {
  return [
    ...(ip === '' ? [] : checkLegacyIp(`${field}.ip`, ip, known)),
    ...validateMode(`${field}.ipMode`, ipMode, ip !== ''),
    ...(hostname === '' ? [] : checkName(`${field}.hostname`, hostname, subdomainNameErrors)),
    ...(parseIpAddress(withoutLeadingZeros(hostname)) === undefined
      ? []
      : [invalidValue(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address')]),
  ];
}

function validateMode(field: string, mode: string | undefined, hasIp: boolean): FieldError[] {
  if (mode === undefined) return hasIp ? [requiredValue(field, 'must be specified when `ip` is set')] : [];
  if (!hasIp) return [forbiddenField(field, 'may not be specified when `ip` is not set')];
  return mode === 'Proxy' || mode === 'VIP' ? [] : [unsupportedValue(field, mode, ['Proxy', 'VIP'])];
}
