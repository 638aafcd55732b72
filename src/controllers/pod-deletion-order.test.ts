import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/pod.ts';
import { inDeletionOrder } from '#controllers/pod-deletion-order.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

const NOW_MS = parseTimestamp('2026-01-02T00:00:00Z') ?? 0;

interface Traits {
  readonly uid: string;
  readonly node?: string;
  readonly phase?: 'Pending' | 'Running';
  /** Seconds for which it has been ready. */
  readonly readySeconds?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly ageSeconds?: number;
}

function pod({
  uid,
  node = 'a',
  phase = 'Running',
  readySeconds = 100,
  cost,
  restarts = 0,
  ageSeconds = 100,
}: Traits): Pod {
  const at = (seconds: number): string => timestamp(NOW_MS - seconds * 1000);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: uid,
      uid,
      resourceVersion: '1',
      creationTimestamp: at(ageSeconds),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions:
        readySeconds < 0 ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: at(readySeconds) }],
      containerStatuses: [{ name: 'main', image: '', imageID: '', ready: true, restartCount: restarts }],
    },
  };
}

const situations: { name: string; pods: Traits[]; first: string }[] = [
  { name: 'one without a host before one with', pods: [{ uid: 'a' }, { uid: 'b', node: '' }], first: 'b' },
  {
    name: 'a pending one before a running one',
    pods: [{ uid: 'a' }, { uid: 'b', phase: 'Pending' }],
    first: 'b',
  },
  {
    name: 'one that is not ready before a ready one',
    pods: [{ uid: 'a' }, { uid: 'b', readySeconds: -1 }],
    first: 'b',
  },
  {
    name: 'a cheaper one before a dearer one',
    pods: [
      { uid: 'a', cost: '10' },
      { uid: 'b', cost: '-5' },
    ],
    first: 'b',
  },
  {
    name: 'a cost that is no number counts as 0',
    pods: [
      { uid: 'a', cost: '+1' },
      { uid: 'b', cost: '-1' },
    ],
    first: 'b',
  },
  {
    name: 'one of two on a host before one alone',
    pods: [
      { uid: 'a', node: 'x' },
      { uid: 'b', node: 'y' },
      { uid: 'c', node: 'y' },
    ],
    first: 'b',
  },
  {
    name: 'one ready for less time',
    pods: [
      { uid: 'a', readySeconds: 4000 },
      { uid: 'b', readySeconds: 10 },
    ],
    first: 'b',
  },
  { name: 'one that restarted more', pods: [{ uid: 'a' }, { uid: 'b', restarts: 3 }], first: 'b' },
  {
    name: 'a younger one',
    pods: [
      { uid: 'a', ageSeconds: 9000 },
      { uid: 'b', ageSeconds: 200 },
    ],
    first: 'b',
  },
  { name: 'of equals the lower uid', pods: [{ uid: 'b' }, { uid: 'a' }], first: 'a' },
];

for (const { name, pods, first } of situations) {
  test(`deleted first: ${name}`, () => {
    const made = pods.map(pod);
    assert.equal(inDeletionOrder(made, { related: made, nowMs: NOW_MS })[0]?.metadata.uid, first);
    const reversed = made.toReversed();
    assert.equal(inDeletionOrder(reversed, { related: made, nowMs: NOW_MS })[0]?.metadata.uid, first);
  });
}
