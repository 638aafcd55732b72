import type { ServiceSpec } from '#api/core/service.ts';
import { checkFirst, checkOneOf } from '#api/field-checks.ts';
import { invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { parseIpAddress } from '#api/ip-network.ts';
import { withoutLeadingZeros } from '#api/ip-syntax.ts';
import { checkLegacyIp } from '#api/legacy-ip.ts';
import type { FieldError } from '#api/status.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** The most cluster addresses of a service: one of each family. */
const CLUSTER_IPS_MAX = 2;

/**
 * What is wrong with the cluster addresses of a service and their families, and with how they change. A service that is a name
 * alone has none. Source: Kubernetes' `ValidateServiceClusterIPsRelatedFields` and what comes before it on update.
 */
export function validateServiceAddresses(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  return [
    ...(old === undefined || old.type === 'ExternalName' ? [] : validateChange(spec, old)),
    ...validateAddressForm(spec, old),
  ];
}

/** What is wrong with the cluster addresses of a service that has some, by themselves. */
export function validateAddressForm(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  return [
    ...validatePrimary(spec),
    ...(spec.ipFamilies ?? []).flatMap((family, index, all) => [
      ...(FAMILIES.includes(family) ? [] : [unsupportedValue(`spec.ipFamilies[${index}]`, family, FAMILIES)]),
      ...checkFirst(`spec.ipFamilies[${index}]`, all, index),
    ]),
    ...checkOneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, FAMILY_POLICIES),
    ...validateClusterIPs(spec, old),
  ];
}

function isHeadless({ clusterIPs = [] }: ServiceSpec): boolean {
  return clusterIPs.length === 1 && clusterIPs[0] === 'None';
}

/** `clusterIP` and the first of `clusterIPs` are the same. */
function validatePrimary({ clusterIP = '', clusterIPs = [] }: ServiceSpec): FieldError[] {
  const field = 'spec.clusterIPs';
  if (clusterIP === '') {
    const detail = 'must be empty when `clusterIP` is not specified';
    return clusterIPs.length === 0 ? [] : [invalidValue(field, clusterIPs, detail)];
  }
  if (clusterIPs.length === 0) return [requiredValue(field)];
  return clusterIPs[0] === clusterIP
    ? []
    : [invalidValue(field, clusterIPs, 'first value must match `clusterIP`')];
}

function validateClusterIPs(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  const field = 'spec.clusterIPs';
  const isCrowded = clusterIPs[0] === 'None' && clusterIPs.length > 1;
  const wrong = clusterIPs.flatMap((ip, index) =>
    index === 0 && ip === 'None' ? [] : checkLegacyIp(`${field}[${index}]`, ip, old?.clusterIPs),
  );
  const errors = [
    ...(isCrowded ? [invalidValue(field, clusterIPs, "'None' must be the first and only value")] : []),
    ...wrong,
    ...(clusterIPs.length > CLUSTER_IPS_MAX
      ? [invalidValue(field, clusterIPs, `may only hold up to ${CLUSTER_IPS_MAX} values`)]
      : []),
  ];
  if (isCrowded || wrong.length > 0) return errors;
  const families = clusterIPs.map(familyOf);
  const isOnePerFamily = new Set(families).size === families.length;
  return [
    ...errors,
    ...(isOnePerFamily
      ? []
      : [invalidValue(field, clusterIPs, 'may specify no more than one IP for each IP family')]),
    ...(isHeadless(spec)
      ? []
      : clusterIPs.flatMap((ip, index) => {
          const wanted = ipFamilies[index];
          if (wanted === undefined || wanted === families[index] || !FAMILIES.includes(wanted)) return [];
          const article = `an ${wanted}`;
          const detail = `expected ${article} value as indicated by \`ipFamilies[${index}]\``;
          return [invalidValue(`${field}[${index}]`, ip, detail)];
        })),
  ];
}

function familyOf(ip: string): 'IPv4' | 'IPv6' {
  return parseIpAddress(withoutLeadingZeros(ip))?.family === 6 ? 'IPv6' : 'IPv4';
}

/** A second address may come and go; the first stays. */
function validateChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isHeadless(spec) && isHeadless(old)) return [];
  return [
    ...validateAddressChange(spec, old),
    ...(isHeadless(spec) === isHeadless(old) ? validateFamilyChange(spec, old) : []),
  ];
}

function validateAddressChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const { clusterIPs: now = [] } = spec;
  const { clusterIPs: before = [] } = old;
  const kept = now.length === before.length ? before : before.slice(0, 1);
  return [
    ...(now.length === 0 && before.length > 0
      ? [invalidValue('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')]
      : kept.flatMap((ip, index) =>
          ip === now[index]
            ? []
            : [invalidValue(`spec.clusterIPs[${index}]`, now, 'may not change once set')],
        )),
    ...(now.length === 1 && before.length > 1 ? checkSingle(spec, 'clusterIP') : []),
  ];
}

function validateFamilyChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const { ipFamilies: now = [] } = spec;
  const { ipFamilies: before = [] } = old;
  const field = 'spec.ipFamilies[0]';
  const kept = now.length === before.length ? before : now.length === 0 ? [] : before.slice(0, 1);
  return [
    ...(now.length < before.length && (spec.clusterIPs ?? []).length === 0
      ? [invalidValue(field, now, 'primary ipFamily can not be unset')]
      : []),
    ...kept.flatMap((family, index) =>
      family === now[index] ? [] : [invalidValue(field, now, 'may not change once set')],
    ),
    ...(now.length === 1 && before.length > 1 ? checkSingle(spec, 'ipFamily') : []),
  ];
}

function checkSingle({ ipFamilyPolicy }: ServiceSpec, what: string): FieldError[] {
  if (ipFamilyPolicy === 'SingleStack') return [];
  const detail = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  return [invalidValue('spec.ipFamilyPolicy', ipFamilyPolicy, detail)];
}
