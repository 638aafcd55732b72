import type { Node } from '#api/core/node.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { createsKind } from '#apiserver/admission/pod-requests.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

/**
 * Kubernetes' TaintNodesByCondition: a new node takes no pods until its controller has seen that it is ready, and takes the
 * taint away.
 */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: createsKind('', 'Node'),
  mutate({ object }) {
    const { spec } = object as Node;
    const has = spec.taints?.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect);
    if (has !== true) (spec.taints ??= []).push({ ...NOT_READY });
  },
};
