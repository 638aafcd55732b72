import { canonicalJson } from '#api/canonical-json.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { encodeHash, hashText } from '#controllers/name-suffix.ts';

/** The label by which the pods of one revision of a Deployment are told from those of another. */
export const POD_TEMPLATE_HASH = 'pod-template-hash';

const texts = new WeakMap<PodTemplateSpec, string>();

/** Whether two templates describe the same pods; the hash label, which the controller adds, does not count. */
export function equalTemplates(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return textOf(a) === textOf(b);
}

/** The value of `pod-template-hash`: the same for equal templates; another with each collision. */
export function templateHash(template: PodTemplateSpec, collisionCount: number): string {
  return encodeHash(hashText(`${textOf(template)}/${collisionCount}`));
}

/** Templates stand in shared objects, which never change: each is written out once. */
function textOf(template: PodTemplateSpec): string {
  const known = texts.get(template);
  if (known !== undefined) return known;
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {};
  const text = canonicalJson({
    labels,
    annotations: template.metadata?.annotations ?? {},
    finalizers: template.metadata?.finalizers ?? [],
    spec: template.spec,
  });
  texts.set(template, text);
  return text;
}
