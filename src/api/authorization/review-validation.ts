import type {
  FieldSelectorAttributes,
  FieldSelectorRequirement,
  LabelSelectorAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from '#api/authorization/subject-access-review.ts';
import { checkName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { labelKeyErrors, labelValueErrors } from '#api/label-syntax.ts';
import type { ObjectMeta } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** A question about rights, as far as it is looked at here. */
export interface AccessReview {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: SubjectAccessReviewSpec;
}

const ONE_OF = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';

/** What is wrong with a question about the rights of whoever asks. */
export function validateSelfAccessReview({ metadata, spec = {} }: AccessReview): FieldError[] {
  return [...validateAttributes(spec), ...checkNoMetadata(metadata, 'must be empty')];
}

/** What is wrong with a question about the rights of somebody. */
export function validateAccessReview({ metadata, spec = {} }: AccessReview): FieldError[] {
  return [...validateSubject(spec), ...checkNoMetadata(metadata, 'must be empty')];
}

/** What is wrong with a question about the rights of somebody in the namespace where it is asked. */
export function validateLocalAccessReview(
  { metadata = {}, spec = {} }: AccessReview,
  namespace: string,
): FieldError[] {
  const { namespace: _asked, ...rest } = metadata;
  const { resourceAttributes, nonResourceAttributes } = spec;
  const asked = resourceAttributes?.namespace ?? '';
  return [
    ...validateSubject(spec),
    ...checkNoMetadata(rest, 'must be empty except for namespace'),
    ...(resourceAttributes !== undefined && asked !== namespace
      ? [invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]
      : []),
    ...(nonResourceAttributes === undefined
      ? []
      : [
          invalidValue(
            'spec.nonResourceAttributes',
            nonResourceAttributes,
            'disallowed on this kind of request',
          ),
        ]),
  ];
}

function validateSubject(spec: SubjectAccessReviewSpec): FieldError[] {
  const { user = '', groups = [] } = spec;
  const isNobody = user === '' && groups.length === 0;
  const [kind, ...selectors] = attributeErrors(spec);
  return [
    ...(kind ?? []),
    ...(isNobody ? [invalidValue('spec.user', user, 'at least one of user or group must be specified')] : []),
    ...selectors.flat(),
  ];
}

function validateAttributes(spec: SubjectAccessReviewSpec): FieldError[] {
  return attributeErrors(spec).flat();
}

/** First what is wrong with what the question is about, then with its selectors. */
function attributeErrors({
  resourceAttributes,
  nonResourceAttributes,
}: SubjectAccessReviewSpec): FieldError[][] {
  const field = 'spec.nonResourceAttributes';
  const detail = 'cannot be specified in combination with resourceAttributes';
  if (resourceAttributes === undefined)
    return [
      nonResourceAttributes === undefined ? [invalidValue('spec.resourceAttributes', null, ONE_OF)] : [],
    ];
  return [
    nonResourceAttributes === undefined ? [] : [invalidValue(field, nonResourceAttributes, detail)],
    selectorErrors(resourceAttributes),
  ];
}

function selectorErrors({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] {
  const field = 'spec.resourceAttributes';
  return [
    ...checkSelector(`${field}.fieldSelector`, fieldSelector, checkFieldRequirement),
    ...checkSelector(`${field}.labelSelector`, labelSelector, checkLabelRequirement),
  ];
}

/** Operators that this server does not know are let through: the client may be newer. */
function checkSelector(
  field: string,
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
  check: (field: string, requirement: FieldSelectorRequirement) => FieldError[],
): FieldError[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const isBoth = rawSelector !== '' && requirements.length > 0;
  const isNeither = rawSelector === '' && requirements.length === 0;
  const missing = `when ${field} is specified, requirements or rawSelector is required`;
  return [
    ...(isBoth
      ? [
          invalidValue(
            `${field}.rawSelector`,
            rawSelector,
            'may not specified at the same time as requirements',
          ),
        ]
      : []),
    ...(isNeither ? [requiredValue(`${field}.requirements`, missing)] : []),
    ...requirements.flatMap((requirement, index) => check(`${field}.requirements[${index}]`, requirement)),
  ];
}

function checkFieldRequirement(field: string, requirement: FieldSelectorRequirement): FieldError[] {
  return [
    ...((requirement.key ?? '') === '' ? [requiredValue(`${field}.key`, 'must be specified')] : []),
    ...checkValueCount(field, requirement),
  ];
}

function checkLabelRequirement(field: string, requirement: FieldSelectorRequirement): FieldError[] {
  return [
    ...checkValueCount(field, requirement),
    ...checkName(`${field}.key`, requirement.key ?? '', labelKeyErrors),
    ...(requirement.values ?? []).flatMap((value, index) =>
      checkName(`${field}.values[${index}]`, value, labelValueErrors),
    ),
  ];
}

function checkValueCount(field: string, { operator, values = [] }: FieldSelectorRequirement): FieldError[] {
  const wantsValues = operator === 'In' || operator === 'NotIn';
  const wantsNone = operator === 'Exists' || operator === 'DoesNotExist';
  if (wantsValues && values.length === 0)
    return [requiredValue(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
  return wantsNone && values.length > 0 ? [forbiddenField(`${field}.values`, detail)] : [];
}

/** Nothing is stored: an object's name, labels and the like have no meaning. */
function checkNoMetadata(metadata: Partial<ObjectMeta> = {}, detail: string): FieldError[] {
  const { managedFields: _managers, ...rest } = metadata;
  const isEmpty = Object.values(rest).every(
    (value) =>
      value === undefined || value === null || value === '' || value === 0 || Object.keys(value).length === 0,
  );
  return isEmpty ? [] : [invalidValue('metadata', rest, detail)];
}
