import type { ClientHttp2Session } from 'node:http2';
import { type HubProcess, openSession, send, startHub } from './hub-process.ts';
import { cpuSecondsOf } from './process-cost.ts';
import { type Row, type Sample, toRow } from './row.ts';

const RUNS = 3;
/** Clients of the tenant that floods; each asks again as soon as it is answered. */
const FLOODERS = 64;
/** Objects in the flooding tenant's namespace, all of which each of its requests looks through, and finds none. */
const FLOOD_OBJECTS = 2000;
/** The other tenant reads one object so often, however long the answers take. */
const READ_INTERVAL_MS = 20;
const MEASURE_MS = 6000;
const AGAIN_MS = 10;

/**
 * How long one tenant waits for a small read while another floods the hub with lists, and while none does. Both act as service
 * accounts, each with the role `edit` in a namespace of its own, over connections of their own.
 */
export async function run(): Promise<Row[]> {
  const quiet: Sample[] = [];
  const flooded: Sample[] = [];
  for (let round = 0; round < RUNS; round++) {
    await using hub = await startHub();
    const [loud, calm] = [await makeTenant(hub, 'loud'), await makeTenant(hub, 'calm')];
    await Promise.all(
      Array.from({ length: FLOOD_OBJECTS }, (_, index) =>
        post(loud, 'configmaps', configMap(`map-${index}`)),
      ),
    );
    await post(calm, 'configmaps', configMap('small'));
    quiet.push(await measureReads(hub, calm));
    const flood = startFlood(loud);
    flooded.push(await measureReads(hub, calm));
    await flood.stop();
    for (const { session } of [loud, calm]) session.destroy();
  }
  return [
    toRow('api.fairness.quietP99Ms', { unit: 'ms', better: 'lower', ours: quiet }),
    toRow('api.fairness.p99Ms', { unit: 'ms', better: 'lower', ours: flooded }),
  ];
}

interface Tenant {
  readonly namespace: string;
  readonly token: string;
  readonly session: ClientHttp2Session;
}

async function makeTenant({ context }: HubProcess, namespace: string): Promise<Tenant> {
  const admin = openSession(context);
  const session = openSession({ server: context.server, authority: context.authority });
  try {
    const make = (path: string, body: object): Promise<Buffer> =>
      send(admin, { method: 'POST', path, body: Buffer.from(JSON.stringify(body)) });
    const rbac = 'rbac.authorization.k8s.io';
    await make('/api/v1/namespaces', { metadata: { name: namespace } });
    await make(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'tenant' } });
    await make(`/apis/${rbac}/v1/namespaces/${namespace}/rolebindings`, {
      metadata: { name: 'tenant' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'ServiceAccount', name: 'tenant', namespace }],
    });
    const answer = await make(`/api/v1/namespaces/${namespace}/serviceaccounts/tenant/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    const { status } = JSON.parse(answer.toString()) as { status: { token: string } };
    return { namespace, token: status.token, session };
  } finally {
    admin.destroy();
  }
}

function configMap(name: string): object {
  return { metadata: { name }, data: { value: 'x'.repeat(700) } };
}

function post({ namespace, token, session }: Tenant, plural: string, body: object): Promise<Buffer> {
  const path = `/api/v1/namespaces/${namespace}/${plural}`;
  return send(session, { method: 'POST', path, token, body: Buffer.from(JSON.stringify(body)) });
}

function startFlood({ namespace, token, session }: Tenant): { stop: () => Promise<void> } {
  let running = true;
  const path = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=none%3Dof-them`;
  const loops = Array.from({ length: FLOODERS }, async () => {
    while (running) {
      try {
        await send(session, { method: 'GET', path, token });
      } catch {
        // Turned away: soon again, whatever the server asks for.
        await wait(AGAIN_MS);
      }
    }
  });
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
    },
  };
}

/** The 99th percentile of reads that are begun at fixed times, so that a slow one hides none behind it. */
async function measureReads({ pid }: HubProcess, { namespace, token, session }: Tenant): Promise<Sample> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/small`;
  const cpuBefore = cpuSecondsOf(pid);
  const reads: Promise<number>[] = [];
  for (const startedMs = performance.now(); performance.now() - startedMs < MEASURE_MS; ) {
    const askedMs = performance.now();
    reads.push(send(session, { method: 'GET', path, token }).then(() => performance.now() - askedMs));
    await wait(READ_INTERVAL_MS);
  }
  const sorted = (await Promise.all(reads)).toSorted((a, b) => a - b);
  return { value: sorted[Math.floor(sorted.length * 0.99)] ?? 0, cpuSeconds: cpuSecondsOf(pid) - cpuBefore };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
