import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import { NONE } from '#api/columns.ts';

const UNKNOWN = '<unknown>';
/** How many metrics the column shows. */
const SHOWN_METRICS_MAX = 2;

/** `cpu: 3%/50%, memory: 100Mi/200Mi`. */
export function formatMetrics({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return NONE;
  const shown = metrics
    .slice(0, SHOWN_METRICS_MAX)
    .map((metric, index) => formatMetric(metric, status?.currentMetrics?.[index]));
  const more = metrics.length - SHOWN_METRICS_MAX;
  return more > 0 ? `${shown.join(', ')} + ${more} more...` : shown.join(', ');
}

function formatMetric(metric: MetricSpec, current: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return `${metric.resource?.name ?? ''}: ${formatValue(metric.resource?.target, current?.resource?.current)}`;
    case 'ContainerResource':
      return `${metric.containerResource?.name ?? ''}: ${formatValue(metric.containerResource?.target, current?.containerResource?.current)}`;
    case 'Pods':
      return formatValue(metric.pods?.target, current?.pods?.current);
    case 'Object':
      return `${formatValue(metric.object?.target, current?.object?.current)}${suffixOf(metric.object?.target)}`;
    case 'External':
      return `${formatValue(metric.external?.target, current?.external?.current)}${suffixOf(metric.external?.target)}`;
    default:
      return '<unknown type>';
  }
}

/** Where a value may be of one pod or of all, it says so. */
function suffixOf(target: MetricTarget | undefined): string {
  return target?.averageValue === undefined ? '' : ' (avg)';
}

function formatValue(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageUtilization !== undefined) {
    const percent = current?.averageUtilization;
    return `${percent === undefined ? UNKNOWN : `${percent}%`}/${target.averageUtilization}%`;
  }
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  return `${current?.value ?? UNKNOWN}/${target?.value ?? UNKNOWN}`;
}
