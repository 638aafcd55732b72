import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import type { Draft } from '#api/object.ts';
import { refusalOf, type TestServer } from '#apiserver/test-server.ts';

/** Where definitions are. */
export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** One version of a `Widget`, served and stored unless it is said otherwise. */
export function widgetVersion(
  properties: Record<string, JSONSchemaProps>,
  more: Partial<CustomResourceDefinitionVersion> = {},
): CustomResourceDefinitionVersion {
  return {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', properties } },
    ...more,
  };
}

/** The definition of `widgets.shop.example.com`. */
export function widgetDefinition(
  versions: CustomResourceDefinitionVersion[],
  spec: Partial<CustomResourceDefinition['spec']> = {},
): Draft<CustomResourceDefinition> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.shop.example.com' },
    spec: {
      group: 'shop.example.com',
      names: { kind: 'Widget', plural: 'widgets', shortNames: ['wi'], categories: ['all'] },
      scope: 'Namespaced',
      versions,
      ...spec,
    },
  };
}

/** Makes or changes a definition and establishes it, as its controller does. */
export async function define(server: TestServer, definition: Draft<CustomResourceDefinition>): Promise<void> {
  const path = `${DEFINITIONS}/${definition.metadata.name ?? ''}`;
  const made = await server.call({ method: 'POST', path: DEFINITIONS, body: definition });
  if (made.status === 409) {
    const current = await server.call<CustomResourceDefinition>({ path });
    const body = { ...definition, metadata: current.body.metadata };
    const replaced = await server.call({ method: 'PUT', path, body });
    if (replaced.status >= 300) throw new Error(refusalOf(replaced));
  } else if (made.status >= 300) throw new Error(refusalOf(made));
  const conditions = [{ type: 'Established', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const { body } = await server.call<CustomResourceDefinition>({ path });
  await server.call({
    method: 'PATCH',
    path: `${path}/status`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status: { conditions, acceptedNames: body.spec.names } },
  });
  await server.settle();
}
