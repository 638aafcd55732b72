import type { Pod } from '#api/core/pod.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import type { Draft, OwnerReference } from '#api/object.ts';

/** A pod as a template describes it, under a name, controlled by `owner`. */
export function podFromTemplate(
  template: PodTemplateSpec,
  {
    namespace,
    name,
    generateName,
    owner,
  }: { namespace: string; name: string; generateName?: string; owner: OwnerReference },
): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      ...(generateName === undefined ? {} : { generateName }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [owner],
    },
    spec: template.spec,
  };
}
