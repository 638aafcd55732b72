import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
} from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import type { HorizontalPodAutoscalerV1 } from '#api/autoscaling/horizontal-pod-autoscaler-v1.ts';
import type { Json } from '#api/object.ts';

/** What version 1 has no fields for is kept in these annotations, as in Kubernetes; the values are of version 2. */
const ANNOTATIONS = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const;

type Kept = { [Name in keyof typeof ANNOTATIONS]?: unknown };

/** An autoscaler of version 2 as one of version 1. */
export function toVersion1(object: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { spec, status, metadata } = object;
  const { metrics = [], behavior, ...others } = spec;
  const cpu = metrics.findIndex(isCpuUtilization);
  const target = metrics[cpu]?.resource?.target.averageUtilization;
  const { currentMetrics = [], conditions, ...counts } = status ?? { desiredReplicas: 0 };
  const currentCpu = currentMetrics.find(isCpuStatus)?.resource?.current.averageUtilization;
  const kept: Kept = {
    metrics: metrics.filter((_, index) => index !== cpu),
    behavior,
    currentMetrics: currentMetrics.filter((metric) => !isCpuStatus(metric)),
    conditions,
  };
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, kept),
    spec: { ...others, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    ...(status === undefined
      ? {}
      : {
          status: {
            currentReplicas: 0,
            ...counts,
            ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }),
          },
        }),
  };
}

/** An autoscaler of version 1 as one of version 2. */
export function toVersion2(object: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const { spec, status, metadata } = object;
  const kept = annotationsOf(metadata.annotations ?? {});
  const { targetCPUUtilizationPercentage: target, ...others } = spec;
  const { currentCPUUtilizationPercentage: currentCpu, ...counts } = status ?? {};
  const metrics = [...(target === undefined ? [] : [cpuMetric(target)]), ...listOf<MetricSpec>(kept.metrics)];
  const currentMetrics = [
    ...(currentCpu === undefined ? [] : [cpuStatus(currentCpu)]),
    ...listOf<MetricStatus>(kept.currentMetrics),
  ];
  const { conditions, behavior } = kept;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withoutAnnotations(metadata),
    spec: {
      ...others,
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(isRecord(behavior) ? { behavior } : {}),
    },
    ...(status === undefined
      ? {}
      : {
          status: {
            desiredReplicas: 0,
            ...counts,
            ...(currentMetrics.length === 0 ? {} : { currentMetrics }),
            ...(Array.isArray(conditions) ? { conditions: listOf(conditions) } : {}),
          },
        }),
  };
}

function isCpuUtilization({ type, resource }: MetricSpec): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
}

function isCpuStatus({ type, resource }: MetricStatus): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.current.averageUtilization !== undefined;
}

function cpuMetric(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function cpuStatus(averageUtilization: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The items that are objects: what stands in an annotation, anybody may have written. */
function listOf<T extends object>(value: unknown): T[] {
  return Array.isArray(value) ? value.filter((item): item is T => isRecord(item)) : [];
}

type Metadata = HorizontalPodAutoscaler['metadata'];

function withAnnotations(metadata: Metadata, kept: Kept): Metadata {
  const added = Object.entries(kept).flatMap(([name, value]) =>
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : [[ANNOTATIONS[name as keyof Kept], JSON.stringify(value as Json)]],
  );
  if (added.length === 0) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, ...Object.fromEntries(added) } };
}

function withoutAnnotations(metadata: Metadata): Metadata {
  const names = new Set<string>(Object.values(ANNOTATIONS));
  const { annotations, ...others } = metadata;
  if (annotations === undefined) return metadata;
  const left = Object.entries(annotations).filter(([name]) => !names.has(name));
  return left.length === 0 ? others : { ...others, annotations: Object.fromEntries(left) };
}

function annotationsOf(annotations: Readonly<Record<string, string>>): Kept {
  return Object.fromEntries(
    Object.entries(ANNOTATIONS).flatMap(([name, annotation]) => {
      const text = annotations[annotation];
      return text === undefined ? [] : [[name, parsed(text)]];
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // As good as none: version 1 knows no other way to say that it is wrong.
    return undefined;
  }
}
