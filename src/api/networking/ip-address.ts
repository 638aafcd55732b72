import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkRequiredName, checkUnchanged } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import { canonicalIpErrors } from '#api/ip-form.ts';
import { pathSegmentErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `networking.k8s.io/v1.IPAddress`: named for the address. */
export interface IPAddress extends KubeObject {
  apiVersion: 'networking.k8s.io/v1';
  kind: 'IPAddress';
  spec: { parentRef?: { group?: string; name?: string; namespace?: string; resource?: string } };
}

/** `ipaddresses.networking.k8s.io`. Each cluster address of a service is one, in the commit of the service. */
export const ipAddressResource: ResourceType<IPAddress> = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  namespaced: false,
  schema: 'networking/v1.IPAddress',
  hasGeneration: false,
  fillsZeros: true,
  nameRule: canonicalIpErrors,
  validate: ({ spec: { parentRef } }, old) => [
    ...(parentRef === undefined
      ? [requiredValue('spec.parentRef')]
      : [
          ...checkName('spec.parentRef.group', parentRef.group, subdomainNameErrors),
          ...checkRequiredName('spec.parentRef.resource', parentRef.resource, pathSegmentErrors),
          ...checkRequiredName('spec.parentRef.name', parentRef.name, pathSegmentErrors),
          ...checkName('spec.parentRef.namespace', parentRef.namespace, pathSegmentErrors),
        ]),
    ...(old === undefined ? [] : checkUnchanged('spec.parentRef', parentRef, old.spec.parentRef)),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('ParentRef', 'What the address belongs to.', ({ spec: { parentRef = {} } }) =>
      [parentRef.resource, parentRef.group, parentRef.namespace, parentRef.name]
        .filter((part) => part !== undefined && part !== '')
        .join('/'),
    ),
    AGE_COLUMN,
  ],
});
