import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/node.ts';
import type { Pod } from '#api/core/pod.ts';
import { demandOfPod } from '#scheduler/demand.ts';
import { hostOfNode } from '#scheduler/host.ts';
import { Occupancy } from '#scheduler/occupancy.ts';
import { place } from '#scheduler/place.ts';
import type { Surroundings } from '#scheduler/surroundings.ts';
import { matchesTenant } from '#scheduler/tenant-term.ts';
import { testNode, testPod } from '#scheduler/test-hosts.ts';
import { unplaceableMessage } from '#scheduler/unplaceable-message.ts';

interface Situation {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** Pods that stand on a node already. */
  readonly placed?: Readonly<Record<string, readonly Pod[]>>;
  readonly pod: Pod;
  /** The node that is chosen, or the message that says why none is. */
  readonly expected: string;
}

const NAMESPACES: Record<string, Record<string, string>> = { shop: { team: 'blue' }, other: { team: 'red' } };

function surroundingsOf({ nodes, placed = {} }: Situation): Surroundings {
  const occupancy = new Occupancy();
  for (const [node, pods] of Object.entries(placed))
    for (const pod of pods) occupancy.add(demandOfPod(pod), node);
  const labelsOfNamespace = (namespace: string) => NAMESPACES[namespace];
  return {
    hosts: nodes.map(hostOfNode),
    occupancy,
    labelsOfNamespace,
    countTenants: (term) => {
      const counts = Object.entries(placed).map(([node, pods]) => {
        const meant = pods.filter((pod) => matchesTenant(term, { ...demandOfPod(pod), labelsOfNamespace }));
        return [node, meant.length] as const;
      });
      return new Map(counts.filter(([, count]) => count > 0));
    },
  };
}

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const inZone = (zone: string) => ({ labels: { [ZONE]: zone } });
const appTerm = (app: string, topologyKey: string) => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
});
const hostPort = (port: number, hostIP?: string) => ({
  containers: [
    {
      name: 'main',
      ports: [{ containerPort: 80, hostPort: port, ...(hostIP === undefined ? {} : { hostIP }) }],
    },
  ],
});
const spreadOver = (
  topologyKey: string,
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway' = 'DoNotSchedule',
) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app: 'web' } } },
  ],
});
const web = (name: string, spec: Pod['spec'] | object = {}) =>
  testPod(name, { labels: { app: 'web' }, spec });

const situations: Situation[] = [
  { name: 'no nodes at all', nodes: [], pod: testPod('p'), expected: 'no nodes available to schedule pods' },
  { name: 'the only node', nodes: [testNode('a')], pod: testPod('p'), expected: 'a' },
  {
    name: 'too little cpu',
    nodes: [testNode('a')],
    pod: testPod('p', { requests: { cpu: '5' } }),
    expected: '0/1 nodes are available: 1 Insufficient cpu.',
  },
  {
    name: 'several resources short, each is named',
    nodes: [testNode('a'), testNode('b')],
    pod: testPod('p', { requests: { cpu: '5', memory: '9Gi', 'example.com/gpu': '1' } }),
    expected:
      '0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient example.com/gpu, 2 Insufficient memory.',
  },
  {
    name: 'what stands there is taken off',
    nodes: [testNode('a')],
    placed: { a: [testPod('x', { requests: { cpu: '3500m' } })] },
    pod: testPod('p', { requests: { cpu: '600m' } }),
    expected: '0/1 nodes are available: 1 Insufficient cpu.',
  },
  {
    name: 'an exact fit fits',
    nodes: [testNode('a')],
    placed: { a: [testPod('x', { requests: { cpu: '3500m' } })] },
    pod: testPod('p', { requests: { cpu: '500m' } }),
    expected: 'a',
  },
  {
    name: 'no room for one more pod',
    nodes: [testNode('a', { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } } })],
    placed: { a: [testPod('x', { requests: {} })] },
    pod: testPod('p', { requests: {} }),
    expected: '0/1 nodes are available: 1 Too many pods.',
  },
  {
    name: 'a cordoned node',
    nodes: [testNode('a', { spec: { unschedulable: true } })],
    pod: testPod('p'),
    expected: '0/1 nodes are available: 1 node(s) were unschedulable.',
  },
  {
    name: 'a node that is not ready counts as tainted',
    nodes: [testNode('a', { status: { conditions: [{ type: 'Ready', status: 'False' }] } })],
    pod: testPod('p'),
    expected: '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.',
  },
  {
    name: 'and takes what tolerates that',
    nodes: [testNode('a', { status: { conditions: [{ type: 'Ready', status: 'False' }] } })],
    pod: testPod('p', { spec: { tolerations: [{ operator: 'Exists' }] } }),
    expected: 'a',
  },
  {
    name: 'a taint that is not tolerated',
    nodes: [testNode('a', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } })],
    pod: testPod('p', { spec: { tolerations: [{ key: 'gpu', value: 'no' }] } }),
    expected: '0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}.',
  },
  {
    name: 'a taint that is tolerated by value',
    nodes: [testNode('a', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } })],
    pod: testPod('p', { spec: { tolerations: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }),
    expected: 'a',
  },
  {
    name: 'a toleration of another effect does not count',
    nodes: [testNode('a', { spec: { taints: [{ key: 'gpu', effect: 'NoExecute' }] } })],
    pod: testPod('p', { spec: { tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }] } }),
    expected: '0/1 nodes are available: 1 node(s) had untolerated taint {gpu: }.',
  },
  {
    name: 'PreferNoSchedule is avoided where another node will do',
    nodes: [testNode('a', { spec: { taints: [{ key: 'old', effect: 'PreferNoSchedule' }] } }), testNode('b')],
    placed: { b: [testPod('x')] },
    pod: testPod('p'),
    expected: 'b',
  },
  {
    name: 'a node selector that no node matches',
    nodes: [testNode('a')],
    pod: testPod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
    expected: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: 'required node affinity: one of several terms is enough',
    nodes: [testNode('a'), testNode('b', { labels: { cores: '16' } })],
    pod: testPod('p', {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] },
                { matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['8'] }] },
              ],
            },
          },
        },
      },
    }),
    expected: 'b',
  },
  {
    name: 'node affinity by name',
    nodes: [testNode('a'), testNode('b')],
    pod: testPod('p', {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }],
            },
          },
        },
      },
    }),
    expected: 'b',
  },
  {
    name: 'preferred node affinity outweighs load',
    nodes: [testNode('a'), testNode('b', { labels: { disk: 'ssd' } })],
    placed: { b: [testPod('x')] },
    pod: testPod('p', {
      spec: {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 50,
                preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] },
              },
            ],
          },
        },
      },
    }),
    expected: 'b',
  },
  {
    name: 'a host port that is taken',
    nodes: [testNode('a')],
    placed: { a: [testPod('x', { spec: hostPort(80) })] },
    pod: testPod('p', { spec: hostPort(80, '10.0.0.1') }),
    expected: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    name: 'the same host port on another address is free',
    nodes: [testNode('a')],
    placed: { a: [testPod('x', { spec: hostPort(80, '10.0.0.2') })] },
    pod: testPod('p', { spec: hostPort(80, '10.0.0.1') }),
    expected: 'a',
  },
  {
    name: 'affinity: beside the pod that is wanted',
    nodes: [testNode('a'), testNode('b')],
    placed: { a: [testPod('y')], b: [web('x')] },
    pod: testPod('p', {
      spec: {
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [appTerm('web', HOST)] } },
      },
    }),
    expected: 'b',
  },
  {
    name: 'affinity: nobody there to join',
    nodes: [testNode('a')],
    pod: testPod('p', {
      spec: {
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [appTerm('web', HOST)] } },
      },
    }),
    expected: "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
  },
  {
    name: 'affinity: the first of a group may stand anywhere',
    nodes: [testNode('a')],
    pod: web('p', {
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [appTerm('web', HOST)] } },
    }),
    expected: 'a',
  },
  {
    name: 'affinity looks into its own namespace only',
    nodes: [testNode('a')],
    placed: { a: [testPod('x', { labels: { app: 'web' }, namespace: 'other' })] },
    pod: testPod('p', {
      spec: {
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [appTerm('web', HOST)] } },
      },
    }),
    expected: "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
  },
  {
    name: 'affinity into namespaces by their labels',
    nodes: [testNode('a')],
    placed: { a: [testPod('x', { labels: { app: 'web' }, namespace: 'other' })] },
    pod: testPod('p', {
      spec: {
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { ...appTerm('web', HOST), namespaceSelector: { matchLabels: { team: 'red' } } },
            ],
          },
        },
      },
    }),
    expected: 'a',
  },
  {
    name: 'anti-affinity over zones',
    nodes: [testNode('a', inZone('z1')), testNode('b', inZone('z1')), testNode('c', inZone('z2'))],
    placed: { a: [web('x')] },
    pod: testPod('p', {
      spec: {
        affinity: {
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [appTerm('web', ZONE)] },
        },
      },
    }),
    expected: 'c',
  },
  {
    name: 'anti-affinity of those who are there holds too',
    nodes: [testNode('a')],
    placed: {
      a: [
        testPod('x', {
          spec: {
            affinity: {
              podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [appTerm('web', HOST)] },
            },
          },
        }),
      ],
    },
    pod: web('p'),
    expected: "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  },
  {
    name: 'spread over zones: the fuller zone is refused',
    nodes: [testNode('a', inZone('z1')), testNode('b', inZone('z2'))],
    placed: { a: [web('x')] },
    pod: web('p', spreadOver(ZONE)),
    expected: 'b',
  },
  {
    name: 'spread: a full zone blocks the others',
    nodes: [testNode('a', inZone('z1')), testNode('b', { ...inZone('z2'), spec: { unschedulable: true } })],
    placed: { a: [web('x')] },
    pod: web('p', spreadOver(ZONE)),
    expected:
      "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.",
  },
  {
    name: 'spread: a node without the label takes nothing',
    nodes: [testNode('a')],
    pod: web('p', spreadOver('rack')),
    expected:
      "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).",
  },
  {
    name: 'spread as a wish: the emptier zone is preferred but not demanded',
    nodes: [testNode('a', inZone('z1')), testNode('b', inZone('z2'))],
    placed: { a: [web('x'), web('y')], b: [testPod('z', { requests: { cpu: '3' } })] },
    pod: web('p', spreadOver(ZONE, 'ScheduleAnyway')),
    expected: 'b',
  },
  {
    name: 'the emptier node is preferred',
    nodes: [testNode('a'), testNode('b')],
    placed: { a: [testPod('x')] },
    pod: testPod('p'),
    expected: 'b',
  },
  {
    name: 'a node that holds a big image is preferred',
    nodes: [
      testNode('a'),
      testNode('b', {
        status: { ...testNode('b').status, images: [{ names: ['web:1'], sizeBytes: 2_000_000_000 }] },
      }),
    ],
    pod: testPod('p'),
    expected: 'b',
  },
  {
    name: 'of equal nodes the first by name',
    nodes: [testNode('b'), testNode('a')],
    pod: testPod('p'),
    expected: 'a',
  },
];

for (const situation of situations) {
  test(`placing: ${situation.name}`, () => {
    const placement = place(demandOfPod(situation.pod), surroundingsOf(situation));
    const outcome = placement.type === 'placed' ? placement.host : unplaceableMessage(placement.failures);
    assert.equal(outcome, situation.expected);
  });
}
