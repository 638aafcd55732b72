/** Packages whose definitions are not called `io.k8s.api.<package>` in Kubernetes' OpenAPI documents. */
const PREFIXES: Readonly<Record<string, string>> = {
  'meta/v1': 'io.k8s.apimachinery.pkg.apis.meta.v1',
  'apiextensions/v1': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  'fleet/v1alpha1': 'io.skerry.fleet.v1alpha1',
};

/** The OpenAPI name of a definition: `io.k8s.api.apps.v1.Deployment` of `apps/v1.Deployment`, as Kubernetes has it. */
export function openApiName(definition: string): string {
  const packageName = packageOf(definition);
  const prefix = PREFIXES[packageName] ?? `io.k8s.api.${packageName.replace('/', '.')}`;
  return `${prefix}.${definition.slice(packageName.length + 1)}`;
}

/** `apps/v1` of `apps/v1.Deployment`. */
export function packageOf(definition: string): string {
  return definition.slice(0, definition.indexOf('.', definition.indexOf('/')));
}
