import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { validateResourceQuota } from '#api/core/resource-quota-validation.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.ResourceQuota`. */
export interface ResourceQuota extends KubeObject {
  apiVersion: 'v1';
  kind: 'ResourceQuota';
  spec: ResourceQuotaSpec;
  status?: ResourceQuotaStatus;
}

/** `core/v1.ResourceQuotaSpec`. */
export interface ResourceQuotaSpec {
  hard?: Record<string, string>;
  scopeSelector?: ScopeSelector;
  scopes?: string[];
}

/** `core/v1.ResourceQuotaStatus`. */
export interface ResourceQuotaStatus {
  hard?: Record<string, string>;
  used?: Record<string, string>;
}

/** `core/v1.ScopeSelector`. */
export interface ScopeSelector {
  matchExpressions?: ScopedResourceSelectorRequirement[];
}

/** `core/v1.ScopedResourceSelectorRequirement`. */
export interface ScopedResourceSelectorRequirement {
  operator: string;
  scopeName: string;
  values?: string[];
}

/** `resourcequotas`. */
export const resourceQuotaResource: ResourceType<ResourceQuota> = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  subresources: ['status'],
  schema: 'core/v1.ResourceQuota',
  fillsZeros: true,
  hasGeneration: false,
  validate: validateResourceQuota,
  columns: [
    NAME_COLUMN,
    textColumn('Request', 'Used and allowed: requests and counts.', (quota) =>
      formatUse(quota, (name) => !name.startsWith('limits.')),
    ),
    textColumn('Limit', 'Used and allowed: limits.', (quota) =>
      formatUse(quota, (name) => name.startsWith('limits.')),
    ),
    AGE_COLUMN,
  ],
});

/** `pods: 2/10, requests.cpu: 500m/4`. */
function formatUse({ status }: ResourceQuota, isShown: (resource: string) => boolean): string {
  const hard = Object.entries(status?.hard ?? {}).filter(([name]) => isShown(name));
  return hard
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => `${name}: ${status?.used?.[name] ?? '0'}/${amount}`)
    .join(', ');
}
