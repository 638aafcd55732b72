import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceCidrResource } from '#api/networking/service-cidr.ts';
import { serviceCidrController } from '#controllers/service-cidr.ts';
import { startTestCluster } from '#controllers/test-cluster.ts';

test('the range of the site is ready, and no other', async () => {
  await using cluster = await startTestCluster([serviceCidrController('10.61.1.0/24') as never]);
  const { client } = cluster;
  for (const [name, cidr] of [
    ['kubernetes', '10.61.1.0/24'],
    ['more', '10.62.0.0/24'],
  ] as const)
    await client.create(serviceCidrResource, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name },
      spec: { cidrs: [cidr] },
    });
  await cluster.clock.advance(1000);
  const readyOf = async (name: string) => {
    const { status } = await client.get(serviceCidrResource, { name });
    return status?.conditions?.map(({ type, status: value, reason }) => `${type} ${value} ${reason}`);
  };
  assert.deepEqual(await readyOf('kubernetes'), ['Ready True InUse']);
  assert.deepEqual(await readyOf('more'), ['Ready False OutsideServiceNetwork']);
});
