import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
} from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import {
  checkLabelSelector,
  checkOneOf,
  checkPositive,
  checkPresent,
  checkQuantity,
  checkRange,
} from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

const SOURCES = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;
const WINDOW_SECONDS = { min: 0, max: 3600 };
const PERIOD_SECONDS = { min: 1, max: 1800 };

/** What is wrong with an autoscaler. Source: Kubernetes' HorizontalPodAutoscaler API reference. */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas = 1, maxReplicas } = spec;
  return [
    ...(minReplicas < 0
      ? [invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 0')]
      : []),
    ...(maxReplicas < 1 ? [invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0')] : []),
    ...(maxReplicas < minReplicas
      ? [invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...validateReference('spec.scaleTargetRef', spec.scaleTargetRef),
    ...(spec.metrics ?? []).flatMap((metric, index) => validateMetric(`spec.metrics[${index}]`, metric)),
    ...validateRules('spec.behavior.scaleUp', spec.behavior?.scaleUp),
    ...validateRules('spec.behavior.scaleDown', spec.behavior?.scaleDown),
  ];
}

function validateReference(field: string, { kind, name }: CrossVersionObjectReference): FieldError[] {
  return [...checkPresent(`${field}.kind`, kind), ...checkPresent(`${field}.name`, name)];
}

function validateMetric(field: string, metric: MetricSpec): FieldError[] {
  const known = checkOneOf(`${field}.type`, metric.type, Object.keys(SOURCES));
  if (known.length > 0) return known;
  const wanted = SOURCES[metric.type as keyof typeof SOURCES];
  const others = Object.values(SOURCES).filter((source) => source !== wanted && metric[source] !== undefined);
  const source = metric[wanted];
  return [
    ...others.map((other) => forbiddenField(`${field}.${other}`, `must be null if type is not ${other}`)),
    ...(source === undefined
      ? [requiredValue(`${field}.${wanted}`, `must populate information for the given metric source`)]
      : validateTarget(`${field}.${wanted}.target`, source.target)),
    ...checkLabelSelector(
      `${field}.${wanted}.metric.selector`,
      source !== undefined && 'metric' in source ? source.metric.selector : undefined,
    ),
  ];
}

function validateTarget(
  field: string,
  { type, value, averageValue, averageUtilization }: MetricTarget,
): FieldError[] {
  const isGiven = value !== undefined || averageValue !== undefined || averageUtilization !== undefined;
  return [
    ...checkOneOf(`${field}.type`, type, ['AverageValue', 'Utilization', 'Value']),
    ...checkPositive(`${field}.averageUtilization`, averageUtilization),
    ...checkQuantity(`${field}.value`, value),
    ...checkQuantity(`${field}.averageValue`, averageValue),
    ...(isGiven
      ? []
      : [
          requiredValue(
            field,
            'must set either a target raw value, a target average value or a target utilization',
          ),
        ]),
  ];
}

function validateRules(field: string, rules: HPAScalingRules | undefined): FieldError[] {
  if (rules === undefined) return [];
  return [
    ...checkRange(`${field}.stabilizationWindowSeconds`, rules.stabilizationWindowSeconds, WINDOW_SECONDS),
    ...checkOneOf(`${field}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']),
    ...(rules.policies ?? []).flatMap(({ type, value, periodSeconds }, index) => [
      ...checkOneOf(`${field}.policies[${index}].type`, type, ['Percent', 'Pods']),
      ...checkPositive(`${field}.policies[${index}].value`, value),
      ...checkRange(`${field}.policies[${index}].periodSeconds`, periodSeconds, PERIOD_SECONDS),
    ]),
  ];
}
