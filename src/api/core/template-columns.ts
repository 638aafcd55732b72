import { joinOrNone, textColumn, wide } from '#api/columns.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { Column } from '#api/resource.ts';
import { formatSelector, type Requirement } from '#api/selector.ts';

/** `-o wide` of a kind that makes pods: its template's containers, their images, and the selector of its pods. */
export function workloadColumns<T extends KubeObject>(of: {
  template(object: T): PodTemplateSpec | undefined;
  selector(object: T): LabelSelector | undefined;
}): Column<T>[] {
  return [
    ...containerColumns((object: T) => of.template(object)),
    wide(
      textColumn('Selector', 'Which pods are counted.', (object) => formatLabelSelector(of.selector(object))),
    ),
  ];
}

/** `-o wide`: the names of a template's containers, and their images. */
export function containerColumns<T extends KubeObject>(
  templateOf: (object: T) => PodTemplateSpec | undefined,
): Column<T>[] {
  return [
    wide(
      textColumn('Containers', 'Names of the containers of each pod.', (object) =>
        containerNames(templateOf(object)),
      ),
    ),
    wide(
      textColumn('Images', 'Images of the containers of each pod.', (object) =>
        containerImages(templateOf(object)),
      ),
    ),
  ];
}

/** Names of a template's containers, joined by commas. */
export function containerNames(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ name }) => name).join(',');
}

/** Images of a template's containers, joined by commas. */
export function containerImages(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(',');
}

/** A selector as kubectl writes it, by key: `app=web,tier in (a,b)`; `<none>` where it is empty or absent. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: '=', values: [value] }),
  );
  const expressions = (selector?.matchExpressions ?? []).map(
    ({ key, operator, values = [] }): Requirement => ({
      key,
      operator: OPERATORS[operator] ?? 'exists',
      values,
    }),
  );
  const requirements = [...labels, ...expressions].sort((a, b) => (a.key < b.key ? -1 : 1));
  return joinOrNone(requirements.length === 0 ? [] : [formatSelector(requirements)]);
}

const OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
