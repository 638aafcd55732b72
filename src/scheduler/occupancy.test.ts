import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { demandOfPod } from '#scheduler/demand.ts';
import { Occupancy } from '#scheduler/occupancy.ts';
import { testPod } from '#scheduler/test-hosts.ts';

const term = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'zone' };
const demands = [
  testPod('plain'),
  testPod('port', { spec: { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] } }),
  testPod('loner', {
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  }),
  testPod('other-loner', {
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  }),
].map(demandOfPod);

function describe(occupancy: Occupancy): unknown {
  const loads = ['a', 'b'].map((host) => {
    const { requested, scored, ports, tenants, siblings } = occupancy.on(host);
    const sums = [requested, scored].map((sum) =>
      Object.entries(sum)
        .filter(([, amount]) => amount !== 0)
        .toSorted(),
    );
    return {
      sums,
      ports: ports.map(({ port }) => port).toSorted(),
      tenants: [...tenants.keys()].toSorted(),
      siblings,
    };
  });
  const held = [...occupancy.held()].map(({ weight, hosts }) => [weight, [...hosts].toSorted()]);
  return { loads, held };
}

const change = fc.record({
  add: fc.boolean(),
  demand: fc.nat(3),
  host: fc.constantFrom('a', 'b'),
  fork: fc.boolean(),
});

test('sums kept change by change are those of whoever stands there, and forks do not touch each other', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      let occupancy = new Occupancy();
      const standing = new Map<string, number>();
      const checks: (() => void)[] = [];
      for (const { add, demand: index, host, fork } of changes) {
        const demand = demands[index];
        if (demand === undefined) continue;
        if (fork) {
          const [before, parent] = [describe(occupancy), occupancy];
          checks.push(() => assert.deepEqual(describe(parent), before));
          occupancy = parent.fork();
        }
        const key = `${host} ${index}`;
        if (add && !standing.has(key)) {
          occupancy.add(demand, host);
          standing.set(key, index);
        } else if (!add) {
          occupancy.remove(demand, host);
          standing.delete(key);
        }
      }
      const expected = new Occupancy();
      for (const [key, index] of standing) {
        const demand = demands[index];
        if (demand !== undefined) expected.add(demand, key.slice(0, 1));
      }
      assert.deepEqual(describe(occupancy), describe(expected));
      for (const check of checks) check();
    }),
  );
});
