import type { ControlPlane } from '#apiserver/control-plane.ts';
import { inProcessTransport } from '#apiserver/transport.ts';
import { type Client, createClient } from '#client/client.ts';
import type { ProcessLife } from '#simulation/process-life.ts';

/** A client of an administrator. A request that the process does not live to answer fails with ProcessDiedError. */
export function userClient({ server }: ControlPlane, life: ProcessLife): Client {
  const transport = inProcessTransport(server, {
    name: 'admin',
    groups: ['system:masters', 'system:authenticated'],
  });
  return createClient(
    { request: (request) => life.answered(transport.request(request)) },
    { name: 'kubectl' },
  );
}
