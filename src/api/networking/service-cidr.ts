import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName } from '#api/field-checks.ts';
import { immutableField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { canonicalCidrErrors } from '#api/ip-form.ts';
import { cidrFamily } from '#api/ip-syntax.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** The most ranges of one object: one of each family. */
const CIDRS_MAX = 2;

/** `networking.k8s.io/v1.ServiceCIDR`. */
export interface ServiceCIDR extends KubeObject {
  apiVersion: 'networking.k8s.io/v1';
  kind: 'ServiceCIDR';
  spec: { cidrs?: string[] };
  status?: { conditions?: Condition[] };
}

/** `servicecidrs.networking.k8s.io`. A site gives addresses from one, `kubernetes`, which says where they come from. */
export const serviceCidrResource: ResourceType<ServiceCIDR> = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  namespaced: false,
  subresources: ['status'],
  schema: 'networking/v1.ServiceCIDR',
  hasGeneration: false,
  fillsZeros: true,
  validate: ({ spec: { cidrs = [] } }, old) =>
    old === undefined ? validateRanges(cidrs) : validateChange(cidrs, old.spec.cidrs ?? []),
  columns: [
    NAME_COLUMN,
    textColumn('CIDRs', 'The ranges.', ({ spec: { cidrs = [] } }) => cidrs.join(',')),
    AGE_COLUMN,
  ],
});

function validateRanges(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [requiredValue('spec.cidrs', 'at least one CIDR required')];
  if (cidrs.length > CIDRS_MAX)
    return [invalidValue('spec.cidrs', { cidrs }, `may only hold up to ${CIDRS_MAX} values`)];
  const [first, second] = cidrs.map(cidrFamily);
  const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  return [
    ...cidrs.flatMap((cidr, index) => checkName(`spec.cidrs[${index}]`, cidr, canonicalCidrErrors)),
    ...(first !== undefined && first === second ? [invalidValue('spec.cidrs', cidrs, detail)] : []),
  ];
}

/** A range stays; a second one, of the other family, may come to the first. */
function validateChange(cidrs: readonly string[], old: readonly string[]): FieldError[] {
  const isSecondAdded = old.length === 1 && cidrs.length === CIDRS_MAX;
  if (cidrs.length !== old.length && !isSecondAdded) return [immutableField('spec.cidrs', cidrs)];
  const changed = old.flatMap((cidr, index) =>
    cidr === cidrs[index] ? [] : [immutableField(`spec.cidrs[${index}]`, cidrs[index])],
  );
  return isSecondAdded ? [...changed, ...validateRanges(cidrs)] : changed;
}
