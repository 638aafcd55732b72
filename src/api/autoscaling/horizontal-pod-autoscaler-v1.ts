import { toVersion1, toVersion2 } from '#api/autoscaling/autoscaler-conversion.ts';
import {
  type CrossVersionObjectReference,
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerResource,
} from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import { formatMetrics } from '#api/autoscaling/metric-columns.ts';
import { AGE_COLUMN, countColumn, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `autoscaling/v1.HorizontalPodAutoscaler`. */
export interface HorizontalPodAutoscalerV1 extends KubeObject {
  apiVersion: 'autoscaling/v1';
  kind: 'HorizontalPodAutoscaler';
  spec: {
    maxReplicas: number;
    minReplicas?: number;
    scaleTargetRef: CrossVersionObjectReference;
    targetCPUUtilizationPercentage?: number;
  };
  status?: {
    currentCPUUtilizationPercentage?: number;
    currentReplicas: number;
    desiredReplicas: number;
    lastScaleTime?: string;
    observedGeneration?: number;
  };
}

/** `horizontalpodautoscalers.autoscaling` in version 1: what kubectl before 1.33 creates. Kept as version 2. */
export const horizontalPodAutoscalerV1Resource: ResourceType<HorizontalPodAutoscalerV1> =
  defineResource<HorizontalPodAutoscalerV1>({
    group: 'autoscaling',
    version: 'v1',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    shortNames: ['hpa'],
    categories: ['all'],
    subresources: ['status'],
    schema: 'autoscaling/v1.HorizontalPodAutoscaler',
    fillsZeros: true,
    hasGeneration: false,
    storedAs: {
      type: horizontalPodAutoscalerResource,
      toStored: (object) => toVersion2(object as HorizontalPodAutoscalerV1),
      fromStored: (object) => toVersion1(object as HorizontalPodAutoscaler),
    },
    applyDefaults: (object) => Object.assign(object, defaultedAsVersion2(object)),
    validate: (object, old) =>
      horizontalPodAutoscalerResource.validate(
        toVersion2(object),
        old === undefined ? undefined : toVersion2(old),
      ),
    columns: [
      NAME_COLUMN,
      textColumn(
        'Reference',
        'What is scaled.',
        ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
      ),
      textColumn('Targets', 'Each metric as it is, and as it shall be.', (object) =>
        formatMetrics(toVersion2(object)),
      ),
      textColumn('MinPods', 'Fewest pods.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
      countColumn('MaxPods', 'Most pods.', ({ spec }) => spec.maxReplicas),
      countColumn('Replicas', 'Pods that there are.', ({ status }) => status?.currentReplicas ?? 0),
      AGE_COLUMN,
    ],
  });

function defaultedAsVersion2(object: HorizontalPodAutoscalerV1): HorizontalPodAutoscalerV1 {
  const whole = toVersion2(object);
  horizontalPodAutoscalerResource.applyDefaults(whole);
  return toVersion1(whole);
}
