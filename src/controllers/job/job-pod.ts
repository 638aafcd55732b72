import { type Job, jobResource } from '#api/batch/job.ts';
import type { Container } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import type { Draft } from '#api/object.ts';
import { INDEX_ANNOTATION, TRACKING_FINALIZER } from '#controllers/job/situation.ts';
import { controllerReference } from '#controllers/ownership.ts';
import { podFromTemplate } from '#controllers/pod-from-template.ts';

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';

/** The start of the names of a Job's pods: of one index where the Job is Indexed. */
export function podNamePrefix({ metadata: { name } }: Job, index: number | undefined): string {
  const suffix = index === undefined ? '-' : `-${index}-`;
  return `${name.slice(0, 58 - suffix.length)}${suffix}`;
}

/** A pod of a Job. That of an index learns it from an annotation, a label, its host name and the environment. */
export function jobPod(job: Job, { name, index }: { name: string; index: number | undefined }): Draft<Pod> {
  const pod = podFromTemplate(job.spec.template, {
    namespace: job.metadata.namespace ?? '',
    name,
    generateName: podNamePrefix(job, index),
    owner: controllerReference(jobResource, job),
  });
  const finalizers = [...(pod.metadata.finalizers ?? []), TRACKING_FINALIZER];
  const tracked = { ...pod, metadata: { ...pod.metadata, finalizers } };
  return index === undefined ? tracked : withIndex(job, { pod: tracked, index: String(index) });
}

function withIndex(job: Job, { pod, index }: { pod: Draft<Pod>; index: string }): Draft<Pod> {
  const { metadata, spec } = pod;
  const { initContainers } = spec;
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [INDEX_ANNOTATION]: index },
      labels: { ...metadata.labels, [INDEX_ANNOTATION]: index },
    },
    spec: {
      ...spec,
      hostname: `${job.metadata.name}-${index}`.slice(-63),
      containers: spec.containers.map(withIndexVariable),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withIndexVariable) }),
    },
  };
}

/** A variable of that name in the template wins. */
function withIndexVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldPath = `metadata.annotations['${INDEX_ANNOTATION}']`;
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath } } }] };
}
