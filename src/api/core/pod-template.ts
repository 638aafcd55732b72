import { AGE_COLUMN, formatLabels, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { validatePodTemplate } from '#api/core/pod-template-validation.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { containerImages, containerNames } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.PodTemplate`. */
export interface PodTemplate extends KubeObject {
  apiVersion: 'v1';
  kind: 'PodTemplate';
  template?: PodTemplateSpec;
}

/** `core/v1.PodTemplateSpec`. */
export interface PodTemplateSpec {
  metadata?: Partial<ObjectMeta>;
  spec: PodSpec;
}

/** `podtemplates`. */
export const podTemplateResource: ResourceType<PodTemplate> = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  schema: 'core/v1.PodTemplate',
  fillsZeros: true,
  applyDefaults(podTemplate) {
    podTemplate.template ??= { spec: { containers: [] } };
    defaultPodTemplate(podTemplate.template);
  },
  warnings: templateWarnings(({ template }) => template, { path: 'template', namesPods: false }),
  validate: ({ template }) => (template === undefined ? [] : validatePodTemplate('template', template)),
  columns: [
    NAME_COLUMN,
    textColumn('Containers', 'Names of the containers of each pod.', ({ template }) =>
      containerNames(template),
    ),
    textColumn('Images', 'Images of the containers of each pod.', ({ template }) =>
      containerImages(template),
    ),
    textColumn('Pod Labels', 'Labels of each pod.', ({ template }) =>
      formatLabels(template?.metadata?.labels),
    ),
    AGE_COLUMN,
  ],
});
