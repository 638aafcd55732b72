import type { CustomResourceDefinition } from '#api/apiextensions/custom-resource-definition.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** Whose groups are Kubernetes' own: a definition in one says who approved it. */
const PROTECTED_DOMAINS = ['k8s.io', 'kubernetes.io'];

const ANNOTATION = 'api-approved.kubernetes.io';
const FIELD = `metadata.annotations[${ANNOTATION}]`;
const MORE = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Whether somebody approved of a definition, and what is to be said of it. */
export interface Approval {
  readonly state: 'missing' | 'invalid' | 'approved' | 'bypassed';
  readonly reason: string;
}

/** Undefined for a definition in a group that needs nobody's approval. */
export function approvalOf({
  metadata,
  spec,
}: Pick<CustomResourceDefinition, 'metadata' | 'spec'>): Approval | undefined {
  const isProtected = PROTECTED_DOMAINS.some(
    (domain) => spec.group === domain || spec.group.endsWith(`.${domain}`),
  );
  if (!isProtected) return undefined;
  const text = metadata.annotations?.[ANNOTATION] ?? '';
  const demand = `protected groups must have approval annotation "${ANNOTATION}"`;
  if (text === '') return { state: 'missing', reason: `${demand}, ${MORE}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: "${text}"` };
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+/iu.test(text))
    return { state: 'approved', reason: `approved in ${text}` };
  return {
    state: 'invalid',
    reason: `${demand} with either a URL or a reason starting with "unapproved", ${MORE}`,
  };
}

/** A definition in a protected group is refused without approval, unless it has always been so. */
export function approvalFaults(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const approval = approvalOf(definition);
  if (approval === undefined) return [];
  if (old !== undefined && approvalOf(old)?.state === approval.state) return [];
  switch (approval.state) {
    case 'missing':
      return [requiredValue(FIELD, approval.reason)];
    case 'invalid':
      return [invalidValue(FIELD, definition.metadata.annotations?.[ANNOTATION], approval.reason)];
    default:
      return [];
  }
}
