import type { Deployment } from '#api/apps/deployment.ts';
import type { ConfigMap } from '#api/core/config-map.ts';
import type { Application } from '#api/fleet/application.ts';
import type { Draft } from '#api/object.ts';

/** The namespace of all that simulated users apply. */
export const NAMESPACE = 'apps';

/** The label by which an application selects its templates. */
const PART_OF = 'app.kubernetes.io/part-of';

/** The page of an application, as examples/first has one. */
export function pageDraft(application: string, text: string): Draft<ConfigMap> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${application}-page`, namespace: NAMESPACE, labels: { [PART_OF]: application } },
    data: { 'index.html': text },
  };
}

/** One server of an application, with a readiness probe and the page mounted. */
export function deploymentDraft(
  application: string,
  { name, image, replicas }: { name: string; image: string; replicas: number },
): Draft<Deployment> {
  const selector = { 'app.kubernetes.io/name': name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: NAMESPACE, labels: { ...selector, [PART_OF]: application } },
    spec: {
      replicas,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'server',
              image,
              ports: [{ name: 'http', containerPort: 80 }],
              readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 30 },
              resources: { requests: { cpu: '10m', memory: '16Mi' } },
              volumeMounts: [{ name: 'page', mountPath: '/page' }],
            },
          ],
          volumes: [{ name: 'page', configMap: { name: `${application}-page` } }],
        },
      },
    },
  };
}

/** The application itself, for every site of a tier. */
export function applicationDraft(name: string, tier: string): Draft<Application> {
  return {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      source: { selector: { matchLabels: { [PART_OF]: name } } },
      placement: { siteSelector: { matchLabels: { tier } } },
    },
  };
}
