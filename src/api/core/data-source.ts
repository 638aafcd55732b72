import type { PersistentVolumeClaimSpec } from '#api/core/persistent-volume-claim.ts';

/**
 * Makes the two ways to say what a volume begins with the same, in place. A new claim's `dataSource` that is neither a claim
 * nor a snapshot is dropped, as before there was `dataSourceRef`; so is a reference to another namespace, whose feature is off.
 * Source: Kubernetes' `EnforceDataSourceBackwardsCompatibility` and `NormalizeDataSources` (KEP-1495).
 */
export function alignDataSources(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec | undefined,
): void {
  if ((spec.dataSourceRef?.namespace ?? '') !== '' && old?.dataSourceRef === undefined)
    delete spec.dataSourceRef;
  const isOld = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!isOld && spec.dataSourceRef === undefined && !isClaimOrSnapshot(spec)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (
    dataSource === undefined &&
    dataSourceRef !== undefined &&
    (dataSourceRef.namespace ?? '') === ''
  ) {
    const { namespace: _none, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

function isClaimOrSnapshot({ dataSource }: PersistentVolumeClaimSpec): boolean {
  const { kind, apiGroup = '' } = dataSource ?? {};
  return (
    (kind === 'PersistentVolumeClaim' && apiGroup === '') ||
    (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')
  );
}
