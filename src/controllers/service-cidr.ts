import { type ServiceCIDR, serviceCidrResource } from '#api/networking/service-cidr.ts';
import { withCondition } from '#controllers/condition-list.ts';
import { statusChange } from '#controllers/status-change.ts';
import type { Controller } from '#reconcile/controller.ts';

/**
 * Says in the condition `Ready` of each `ServiceCIDR` whether addresses are given from it. A site has one range, `cidr`, which
 * its routes and rules are made for: another one is kept, and not ready. In Kubernetes each is.
 */
export function serviceCidrController(cidr: string): Controller<ServiceCIDR> {
  return {
    name: 'service-cidr-controller',
    for: serviceCidrResource,
    reads: [],
    writes: [{ type: serviceCidrResource, verbs: ['patchStatus'] }],
    plan({ object: range }, nowMs) {
      if (range === undefined || range.metadata.deletionTimestamp !== undefined) return [];
      const isOwn = range.spec.cidrs?.length === 1 && range.spec.cidrs[0] === cidr;
      const ready = isOwn
        ? { status: 'True' as const, reason: 'InUse', message: 'Kubernetes Service CIDR is ready' }
        : {
            status: 'False' as const,
            reason: 'OutsideServiceNetwork',
            message: `addresses are given from ${cidr}, which is fixed when a site is made`,
          };
      const conditions = withCondition(range.status?.conditions, { type: 'Ready', ...ready }, nowMs);
      return statusChange(serviceCidrResource, range, {
        status: { ...range.status, conditions },
        why: 'whether addresses are given from the range is told',
      });
    },
  };
}
