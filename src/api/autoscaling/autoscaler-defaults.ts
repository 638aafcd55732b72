import type { HorizontalPodAutoscaler, HPAScalingRules } from '#api/autoscaling/horizontal-pod-autoscaler.ts';

const CPU_UTILIZATION_PERCENT = 80;
const SCALE_DOWN_WINDOW_SECONDS = 300;
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
    ...given(behavior.scaleUp),
  };
  behavior.scaleDown = {
    selectPolicy: 'Max',
    stabilizationWindowSeconds: SCALE_DOWN_WINDOW_SECONDS,
    policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }],
    ...given(behavior.scaleDown),
  };
}

/** The rules without an empty list of policies, which is as good as none. */
function given(rules: HPAScalingRules | undefined): HPAScalingRules {
  const { policies, ...rest } = rules ?? {};
  return policies === undefined || policies.length === 0 ? rest : { ...rest, policies };
}
