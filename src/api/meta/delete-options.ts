/** `meta/v1.DeleteOptions`. */
export interface DeleteOptions {
  apiVersion?: string;
  dryRun?: string[];
  gracePeriodSeconds?: number;
  ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
  kind?: string;
  orphanDependents?: boolean;
  preconditions?: Preconditions;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
}

/** `meta/v1.Preconditions`. */
export interface Preconditions {
  resourceVersion?: string;
  uid?: string;
}
