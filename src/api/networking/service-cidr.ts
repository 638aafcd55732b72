import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkUnchanged } from '#api/field-checks.ts';
import { invalidValue, requiredValue, tooMany } from '#api/field-errors.ts';
import { cidrErrors } from '#api/ip-syntax.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

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
  validate: ({ spec: { cidrs = [] } }, old) => [
    ...(cidrs.length === 0 ? [requiredValue('spec.cidrs', 'at least one CIDR required')] : []),
    ...(cidrs.length > CIDRS_MAX ? [tooMany('spec.cidrs', { found: cidrs.length, max: CIDRS_MAX })] : []),
    ...cidrs.flatMap((cidr, index) =>
      cidrErrors(cidr).map((detail) => invalidValue(`spec.cidrs[${index}]`, cidr, detail)),
    ),
    ...(cidrs.length === CIDRS_MAX && cidrs[0]?.includes(':') === cidrs[1]?.includes(':')
      ? [invalidValue('spec.cidrs', cidrs, 'may specify no more than one IP for each IP family')]
      : []),
    ...(old === undefined ? [] : checkUnchanged('spec.cidrs', cidrs, old.spec.cidrs)),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('CIDRs', 'The ranges.', ({ spec: { cidrs = [] } }) => cidrs.join(',')),
    AGE_COLUMN,
  ],
});
