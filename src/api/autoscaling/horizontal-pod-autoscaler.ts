import { defaultAutoscaler } from '#api/autoscaling/autoscaler-defaults.ts';
import { validateAutoscaler, validateAutoscalerStatus } from '#api/autoscaling/autoscaler-validation.ts';
import { formatMetrics } from '#api/autoscaling/metric-columns.ts';
import { AGE_COLUMN, countColumn, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `autoscaling/v2.HorizontalPodAutoscaler`. */
export interface HorizontalPodAutoscaler extends KubeObject {
  apiVersion: 'autoscaling/v2';
  kind: 'HorizontalPodAutoscaler';
  spec: HorizontalPodAutoscalerSpec;
  status?: HorizontalPodAutoscalerStatus;
}

/** `autoscaling/v2.HorizontalPodAutoscalerSpec`. */
export interface HorizontalPodAutoscalerSpec {
  behavior?: HorizontalPodAutoscalerBehavior;
  maxReplicas: number;
  metrics?: MetricSpec[];
  minReplicas?: number;
  scaleTargetRef: CrossVersionObjectReference;
}

/** `autoscaling/v2.HorizontalPodAutoscalerBehavior`. */
export interface HorizontalPodAutoscalerBehavior {
  scaleDown?: HPAScalingRules;
  scaleUp?: HPAScalingRules;
}

/** `autoscaling/v2.HPAScalingRules`. */
export interface HPAScalingRules {
  policies?: HPAScalingPolicy[];
  selectPolicy?: string;
  stabilizationWindowSeconds?: number;
  tolerance?: string;
}

/** `autoscaling/v2.HPAScalingPolicy`. */
export interface HPAScalingPolicy {
  periodSeconds: number;
  type: string;
  value: number;
}

/** `autoscaling/v2.CrossVersionObjectReference`. */
export interface CrossVersionObjectReference {
  apiVersion?: string;
  kind: string;
  name: string;
}

/** `autoscaling/v2.MetricSpec`. */
export interface MetricSpec {
  containerResource?: ContainerResourceMetricSource;
  external?: ExternalMetricSource;
  object?: ObjectMetricSource;
  pods?: PodsMetricSource;
  resource?: ResourceMetricSource;
  type: string;
}

/** `autoscaling/v2.ResourceMetricSource`. */
export interface ResourceMetricSource {
  name: string;
  target: MetricTarget;
}

/** `autoscaling/v2.ContainerResourceMetricSource`. */
export interface ContainerResourceMetricSource {
  container: string;
  name: string;
  target: MetricTarget;
}

/** `autoscaling/v2.PodsMetricSource`. */
export interface PodsMetricSource {
  metric: MetricIdentifier;
  target: MetricTarget;
}

/** `autoscaling/v2.ObjectMetricSource`. */
export interface ObjectMetricSource {
  describedObject: CrossVersionObjectReference;
  metric: MetricIdentifier;
  target: MetricTarget;
}

/** `autoscaling/v2.ExternalMetricSource`. */
export interface ExternalMetricSource {
  metric: MetricIdentifier;
  target: MetricTarget;
}

/** `autoscaling/v2.MetricIdentifier`. */
export interface MetricIdentifier {
  name: string;
  selector?: LabelSelector;
}

/** `autoscaling/v2.MetricTarget`. */
export interface MetricTarget {
  averageUtilization?: number;
  averageValue?: string;
  type: string;
  value?: string;
}

/** `autoscaling/v2.HorizontalPodAutoscalerStatus`. */
export interface HorizontalPodAutoscalerStatus {
  conditions?: HorizontalPodAutoscalerCondition[];
  currentMetrics?: MetricStatus[];
  currentReplicas?: number;
  desiredReplicas: number;
  lastScaleTime?: string;
  observedGeneration?: number;
}

/** `autoscaling/v2.HorizontalPodAutoscalerCondition`. */
export interface HorizontalPodAutoscalerCondition {
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `autoscaling/v2.MetricStatus`. */
export interface MetricStatus {
  containerResource?: ContainerResourceMetricStatus;
  external?: ExternalMetricStatus;
  object?: ObjectMetricStatus;
  pods?: PodsMetricStatus;
  resource?: ResourceMetricStatus;
  type: string;
}

/** `autoscaling/v2.ResourceMetricStatus`. */
export interface ResourceMetricStatus {
  current: MetricValueStatus;
  name: string;
}

/** `autoscaling/v2.ContainerResourceMetricStatus`. */
export interface ContainerResourceMetricStatus {
  container: string;
  current: MetricValueStatus;
  name: string;
}

/** `autoscaling/v2.PodsMetricStatus`. */
export interface PodsMetricStatus {
  current: MetricValueStatus;
  metric: MetricIdentifier;
}

/** `autoscaling/v2.ObjectMetricStatus`. */
export interface ObjectMetricStatus {
  current: MetricValueStatus;
  describedObject: CrossVersionObjectReference;
  metric: MetricIdentifier;
}

/** `autoscaling/v2.ExternalMetricStatus`. */
export interface ExternalMetricStatus {
  current: MetricValueStatus;
  metric: MetricIdentifier;
}

/** `autoscaling/v2.MetricValueStatus`. */
export interface MetricValueStatus {
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}

/** `horizontalpodautoscalers.autoscaling`. */
export const horizontalPodAutoscalerResource: ResourceType<HorizontalPodAutoscaler> =
  defineResource<HorizontalPodAutoscaler>({
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    shortNames: ['hpa'],
    categories: ['all'],
    subresources: ['status'],
    schema: 'autoscaling/v2.HorizontalPodAutoscaler',
    fillsZeros: true,
    hasGeneration: false,
    applyDefaults: defaultAutoscaler,
    validate: validateAutoscaler,
    validateStatus: validateAutoscalerStatus,
    columns: [
      NAME_COLUMN,
      textColumn(
        'Reference',
        'What is scaled.',
        ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
      ),
      textColumn('Targets', 'Each metric as it is, and as it shall be.', formatMetrics),
      textColumn('MinPods', 'Fewest pods.', ({ spec }) =>
        spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
      ),
      countColumn('MaxPods', 'Most pods.', ({ spec }) => spec.maxReplicas),
      countColumn('Replicas', 'Pods that there are.', ({ status }) => status?.currentReplicas ?? 0),
      AGE_COLUMN,
    ],
  });
