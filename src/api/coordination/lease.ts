import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkNonNegative, checkPositive } from '#api/field-checks.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `coordination.k8s.io/v1.Lease`. */
export interface Lease extends KubeObject {
  apiVersion: 'coordination.k8s.io/v1';
  kind: 'Lease';
  spec: LeaseSpec;
}

/** `coordination.k8s.io/v1.LeaseSpec`. */
export interface LeaseSpec {
  acquireTime?: string;
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  leaseTransitions?: number;
  preferredHolder?: string;
  renewTime?: string;
  strategy?: string;
}

/** `leases.coordination.k8s.io`. */
export const leaseResource: ResourceType<Lease> = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  schema: 'coordination/v1.Lease',
  fillsZeros: true,
  hasGeneration: false,
  prepare: dropCoordination,
  validate: ({ spec }) => [
    ...checkPositive('spec.leaseDurationSeconds', spec.leaseDurationSeconds),
    ...checkNonNegative('spec.leaseTransitions', spec.leaseTransitions),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('Holder', 'Who holds the lease.', ({ spec }) => spec.holderIdentity ?? ''),
    AGE_COLUMN,
  ],
});

/** Coordinated leader election is off, as in Kubernetes 1.33: what belongs to it is dropped where it was not there before. */
function dropCoordination({ spec }: Lease, old: Lease | undefined): void {
  if (old?.spec.strategy === undefined) delete spec.strategy;
  if (old?.spec.preferredHolder === undefined) delete spec.preferredHolder;
}
