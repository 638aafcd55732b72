import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  ExternalMetricSource,
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import { validateResourceName } from '#api/core/resources-validation.ts';
import { checkNonNegative, checkOneOf, checkRequiredName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { labelNameErrors, pathSegmentErrors } from '#api/name-syntax.ts';
import { readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

/** The longest stabilization window and the longest period of a policy, in seconds; longer ones are refused. */
const WINDOW_SECONDS_MAX = 3600;
const PERIOD_SECONDS_MAX = 1800;
/** Scaling to none is off, as in Kubernetes. */
const REPLICAS_MIN = 1;

const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
const METRIC_TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];

/** What is wrong with an autoscaler. Source: Kubernetes' `ValidateHorizontalPodAutoscaler`. */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas = 1, maxReplicas, metrics = [] } = spec;
  const field = 'spec.maxReplicas';
  return [
    ...(minReplicas < REPLICAS_MIN
      ? [invalidValue('spec.minReplicas', minReplicas, `must be greater than or equal to ${REPLICAS_MIN}`)]
      : []),
    ...(maxReplicas < 1 ? [invalidValue(field, maxReplicas, 'must be greater than 0')] : []),
    ...(maxReplicas < minReplicas
      ? [invalidValue(field, maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...validateReference('spec.scaleTargetRef', spec.scaleTargetRef),
    ...metrics.flatMap((metric, index) => validateMetric(`spec.metrics[${index}]`, metric)),
    ...validateScaleToNone('spec.metrics', minReplicas, metrics),
    ...validateRules('spec.behavior.scaleUp', spec.behavior?.scaleUp),
    ...validateRules('spec.behavior.scaleDown', spec.behavior?.scaleDown),
  ];
}

/** What is wrong with the status of an autoscaler. */
export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  return [
    ...checkNonNegative('status.currentReplicas', status?.currentReplicas),
    ...checkNonNegative('status.desiredReplicas', status?.desiredReplicas),
  ];
}

function validateScaleToNone(
  field: string,
  minReplicas: number,
  metrics: readonly MetricSpec[],
): FieldError[] {
  const hasOutside = metrics.some(({ type }) => type === 'Object' || type === 'External');
  const detail = 'must specify at least one Object or External metric to support scaling to zero replicas';
  return minReplicas === 0 && !hasOutside ? [forbiddenField(field, detail)] : [];
}

function validateReference(field: string, { kind, name }: CrossVersionObjectReference): FieldError[] {
  return [...checkSegment(`${field}.kind`, kind), ...checkSegment(`${field}.name`, name)];
}

/** A name that stands in a path. */
function checkSegment(field: string, name: string, detail = ''): FieldError[] {
  return checkRequiredName(field, name, pathSegmentErrors, detail);
}

/** In the order in which Kubernetes looks for a source: the first is the metric's. */
const SOURCES: readonly {
  readonly name: 'object' | 'external' | 'pods' | 'resource' | 'containerResource';
  readonly type: string;
  check(field: string, metric: MetricSpec): FieldError[];
}[] = [
  {
    name: 'object',
    type: 'Object',
    check: (field, { object }) => (object ? validateObject(field, object) : []),
  },
  {
    name: 'external',
    type: 'External',
    check: (field, { external }) => (external ? validateExternal(field, external) : []),
  },
  { name: 'pods', type: 'Pods', check: (field, { pods }) => (pods ? validatePods(field, pods) : []) },
  {
    name: 'resource',
    type: 'Resource',
    check: (field, { resource }) => (resource ? validateResource(field, resource) : []),
  },
  {
    name: 'containerResource',
    type: 'ContainerResource',
    check: (field, { containerResource: source }) => (source ? validateContainerResource(field, source) : []),
  },
];

function validateMetric(field: string, metric: MetricSpec): FieldError[] {
  const { type } = metric;
  const given = SOURCES.filter(({ name }) => metric[name] !== undefined);
  const [first] = given;
  const wanted = SOURCES.find((source) => source.type === type);
  const others = given.length === 1 ? [] : given.filter((source) => source !== wanted);
  const unknown = unsupportedValue(`${field}.type`, type, METRIC_TYPES);
  return [
    ...(type === '' ? [requiredValue(`${field}.type`, 'must specify a metric source type')] : []),
    ...(wanted === undefined ? [unknown] : []),
    ...(first === undefined ? [] : first.check(`${field}.${first.name}`, metric)),
    ...(wanted === undefined ? [unknown] : []),
    ...(wanted !== undefined && metric[wanted.name] === undefined
      ? [requiredValue(`${field}.${wanted.name}`, 'must populate information for the given metric source')]
      : []),
    ...others.map(({ name }) =>
      forbiddenField(`${field}.${name}`, 'must populate the given metric source only'),
    ),
  ];
}

function validateObject(
  field: string,
  { describedObject, metric, target }: ObjectMetricSource,
): FieldError[] {
  const isGiven = target.value !== undefined || target.averageValue !== undefined;
  return [
    ...validateReference(`${field}.describedObject`, describedObject),
    ...validateIdentifier(`${field}.metric`, metric),
    ...validateTarget(`${field}.target`, target),
    ...(isGiven
      ? []
      : [requiredValue(`${field}.target.averageValue`, 'must set either a target value or averageValue')]),
  ];
}

function validateExternal(field: string, { metric, target }: ExternalMetricSource): FieldError[] {
  const { value, averageValue } = target;
  const path = `${field}.target`;
  return [
    ...validateIdentifier(`${field}.metric`, metric),
    ...validateTarget(path, target),
    ...(value === undefined && averageValue === undefined
      ? [
          requiredValue(
            `${path}.averageValue`,
            'must set either a target value for metric or a per-pod target',
          ),
        ]
      : []),
    ...(value !== undefined && averageValue !== undefined
      ? [forbiddenField(`${path}.value`, 'may not set both a target value for metric and a per-pod target')]
      : []),
  ];
}

function validatePods(field: string, { metric, target }: PodsMetricSource): FieldError[] {
  return [
    ...validateIdentifier(`${field}.metric`, metric),
    ...validateTarget(`${field}.target`, target),
    ...(target.averageValue === undefined
      ? [requiredValue(`${field}.target.averageValue`, 'must specify a positive target averageValue')]
      : []),
  ];
}

function validateContainerResource(
  field: string,
  { name, container, target }: ContainerResourceMetricSource,
): FieldError[] {
  return [
    ...(name === ''
      ? [requiredValue(`${field}.name`, 'must specify a resource name')]
      : validateResourceName(`${field}.name`, name, 'container')),
    ...checkRequiredName(`${field}.container`, container, labelNameErrors, 'must specify a container'),
    ...validateUse(`${field}.target`, target),
  ];
}

function validateResource(field: string, { name, target }: ResourceMetricSource): FieldError[] {
  return [
    ...(name === '' ? [requiredValue(`${field}.name`, 'must specify a resource name')] : []),
    ...validateUse(`${field}.target`, target),
  ];
}

/** How much of a resource is used is an amount, or a part of what was requested. */
function validateUse(field: string, target: MetricTarget): FieldError[] {
  const { averageUtilization, averageValue } = target;
  return [
    ...validateTarget(field, target),
    ...(averageUtilization === undefined && averageValue === undefined
      ? [
          requiredValue(
            `${field}.averageUtilization`,
            'must set either a target raw value or a target utilization',
          ),
        ]
      : []),
    ...(averageUtilization !== undefined && averageValue !== undefined
      ? [
          forbiddenField(
            `${field}.averageValue`,
            'may not set both a target raw value and a target utilization',
          ),
        ]
      : []),
  ];
}

function validateTarget(field: string, target: MetricTarget): FieldError[] {
  const { type, averageUtilization } = target;
  return [
    ...((type as string) === '' ? [requiredValue(`${field}.type`, 'must specify a metric target type')] : []),
    ...(TARGET_TYPES.includes(type)
      ? []
      : [invalidValue(`${field}.type`, type, 'must be either Utilization, Value, or AverageValue')]),
    ...(['value', 'averageValue'] as const).flatMap((name) => {
      const amount = target[name];
      const isPositive = amount === undefined || (readQuantity(amount)?.nanos ?? 1n) > 0n;
      return isPositive ? [] : [invalidValue(`${field}.${name}`, amount, 'must be positive')];
    }),
    ...(averageUtilization !== undefined && averageUtilization < 1
      ? [invalidValue(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0')]
      : []),
  ];
}

function validateIdentifier(field: string, { name }: MetricIdentifier): FieldError[] {
  return checkSegment(`${field}.name`, name, 'must specify a metric name');
}

function validateRules(field: string, rules: HPAScalingRules | undefined): FieldError[] {
  if (rules === undefined) return [];
  const { stabilizationWindowSeconds: seconds = 0, policies = [] } = rules;
  const path = `${field}.stabilizationWindowSeconds`;
  return [
    ...(seconds < 0 ? [invalidValue(path, seconds, 'must be greater than or equal to zero')] : []),
    ...(seconds > WINDOW_SECONDS_MAX
      ? [invalidValue(path, seconds, `must be less than or equal to ${WINDOW_SECONDS_MAX}`)]
      : []),
    ...checkOneOf(`${field}.selectPolicy`, rules.selectPolicy, SELECT_POLICIES),
    ...(policies.length === 0
      ? [requiredValue(`${field}.policies`, 'must specify at least one Policy')]
      : []),
    ...policies.flatMap((policy, index) => validatePolicy(`${field}.policies[${index}]`, policy)),
  ];
}

function validatePolicy(field: string, { type, value, periodSeconds }: HPAScalingPolicy): FieldError[] {
  const atLeastOne = 'must be greater than zero';
  return [
    ...checkOneOf(`${field}.type`, type, POLICY_TYPES),
    ...(value <= 0 ? [invalidValue(`${field}.value`, value, atLeastOne)] : []),
    ...(periodSeconds <= 0 ? [invalidValue(`${field}.periodSeconds`, periodSeconds, atLeastOne)] : []),
    ...(periodSeconds > PERIOD_SECONDS_MAX
      ? [
          invalidValue(
            `${field}.periodSeconds`,
            periodSeconds,
            `must be less than or equal to ${PERIOD_SECONDS_MAX}`,
          ),
        ]
      : []),
  ];
}
