/** Packages whose definitions are not called `io.k8s.api.<package>` in Kubernetes' OpenAPI documents. */
const PREFIXES: Readonly<Record<string, string>> = {
  'meta/v1': 'io.k8s.apimachinery.pkg.apis.meta.v1',
  'apiextensions/v1': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  'apiregistration/v1': 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
  'fleet/v1alpha1': 'io.skerry.fleet.v1alpha1',
};

/** The names of custom kinds' definitions: `custom/stable.example.com/v1.CronTab`. */
const CUSTOM = /^custom\/(?<group>[^/]+)\/(?<version>[^.]+)\.(?<kind>.+)$/u;

/**
 * The OpenAPI name of a definition: `io.k8s.api.apps.v1.Deployment` of `apps/v1.Deployment`, `com.example.v1.Cron` of a custom
 * `Cron` of `example.com/v1`, as Kubernetes has it.
 */
export function openApiName(definition: string): string {
  const custom = CUSTOM.exec(definition)?.groups;
  if (custom !== undefined) {
    const domain = (custom.group ?? '').split('.').toReversed().join('.');
    return `${domain}.${custom.version}.${custom.kind}`;
  }
  const packageName = packageOf(definition);
  const prefix = PREFIXES[packageName] ?? `io.k8s.api.${packageName.replace('/', '.')}`;
  return `${prefix}.${definition.slice(packageName.length + 1)}`;
}

/** `apps/v1` of `apps/v1.Deployment`. */
export function packageOf(definition: string): string {
  return definition.slice(0, definition.indexOf('.', definition.indexOf('/')));
}
