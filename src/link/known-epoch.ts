import { configMapResource } from '#api/core/config-map.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';

/** Where a site remembers the highest epoch that it has heard of its hub. */
const NAME = { namespace: 'kube-system', name: 'skerry-link' } as const;

/** The epoch that this site remembers; 0 where it has heard of none. */
export async function readKnownEpoch(client: Client): Promise<number> {
  const found = await client.find(configMapResource, NAME);
  const epoch = Number(found?.data?.epoch ?? 0);
  return Number.isInteger(epoch) ? epoch : 0;
}

/** Remembers an epoch across restarts. */
export async function rememberEpoch(client: Client, epoch: number): Promise<void> {
  const data = { epoch: String(epoch) };
  try {
    await client.create(configMapResource, { apiVersion: 'v1', kind: 'ConfigMap', metadata: NAME, data });
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
    await client.patch(configMapResource, NAME, { patchType: 'merge', patch: { data } });
  }
}
