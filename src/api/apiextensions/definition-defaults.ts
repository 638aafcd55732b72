import type { CustomResourceDefinition } from '#api/apiextensions/custom-resource-definition.ts';

const HTTPS_PORT = 443;

/** Defaults of the definition of a kind, in place. Source: Kubernetes' CustomResourceDefinition API reference. */
export function defaultDefinition({ spec }: CustomResourceDefinition): void {
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= HTTPS_PORT;
  const { names } = spec;
  if ((names?.kind ?? '') === '') return;
  names.singular ??= names.kind.toLowerCase();
  names.listKind ??= `${names.kind}List`;
}
