import type { HorizontalPodAutoscaler } from '#api/autoscaling/horizontal-pod-autoscaler.ts';

const CPU_UTILIZATION_PERCENT = 80;
const PERIOD_SECONDS = 15;
const PODS_UP = 4;

/** Defaults of an autoscaler, in place. Source: Kubernetes' HorizontalPodAutoscaler API reference. */
export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1;
  spec.metrics ??= [
    {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_UTILIZATION_PERCENT } },
    },
  ];
  if (spec.behavior === undefined) return;
  const { behavior } = spec;
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: PODS_UP, periodSeconds: PERIOD_SECONDS },
      { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS },
    ],
    ...behavior.scaleUp,
  };
  behavior.scaleDown = {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }],
    ...behavior.scaleDown,
  };
  // Behind a gate that is closed, as in Kubernetes 1.33.
  delete behavior.scaleUp.tolerance;
  delete behavior.scaleDown.tolerance;
}
