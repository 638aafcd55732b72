import { serviceCidrResource } from '#api/networking/service-cidr.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';

/** Makes the `ServiceCIDR` by which clients learn where addresses of services come from: `kubernetes`, as upstream names it. */
export async function publishServiceRange(client: Client, cidr: string): Promise<void> {
  try {
    await client.create(serviceCidrResource, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: [cidr] },
    });
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
  }
}
