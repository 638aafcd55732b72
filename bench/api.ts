import {
  AS_OBJECTS,
  AS_TABLE,
  fill,
  LIST_PODS,
  measureCreates,
  measureGets,
  measureLists,
  measurePatches,
  measurePuts,
  measureWatches,
  perCpuSecond,
  pssSampleOf,
} from './api-load.ts';
import { etcdName, startEtcd } from './etcd-peer.ts';
import { startHub } from './hub-process.ts';
import { cpuSecondsOfAll } from './process-cost.ts';
import { type Row, type Sample, toRow } from './row.ts';

/** Interleaved runs: ours, etcd, ours, etcd, … */
const RUNS = 3;
const WRITERS = [64, 16, 1] as const;

/** Watchers of one kind, and how many events each of them gets. */
const FAN_OUTS = [
  { watchers: 1000, events: 100 },
  { watchers: 10_000, events: 20 },
] as const;

const MANY_PODS = 100_000;

/**
 * The whole API beside etcd: durable creates of a 3 KB pod over TLS with authorisation, validation, defaults and field
 * ownership, against bare puts of the same bytes into etcd over gRPC without TLS. CPU is the server's alone on both sides. The
 * hub runs its controllers meanwhile, as it always does. For patches, lists, watches, start and memory see
 * `kubernetes.ts`.
 */
export async function run(): Promise<Row[]> {
  const peerName = etcdName();
  const creates = new Map(
    WRITERS.map((writers) => [writers, { ours: [] as Sample[], peers: [] as Sample[] }]),
  );
  const starts: Sample[] = [];
  const gets: Sample[] = [];
  const patches: Sample[] = [];
  const lists: { plain: Sample[]; table: Sample[] } = { plain: [], table: [] };
  const deliveries = FAN_OUTS.map(() => [] as Sample[]);
  const memory: Sample[] = [];
  const memoryOfMany: Sample[] = [];
  for (let round = 0; round < RUNS; round++) {
    for (const [writers, pair] of creates) {
      {
        await using hub = await startHub();
        starts.push({ value: hub.startSeconds, cpuSeconds: cpuSecondsOfAll(hub.pids) });
        pair.ours.push(await measureCreates(hub, writers));
      }
      if (peerName === undefined) continue;
      await using etcd = await startEtcd();
      pair.peers.push(await measurePuts(etcd, writers));
    }
    await using hub = await startHub();
    await fill(hub, { from: 0, to: LIST_PODS });
    memory.push(pssSampleOf(hub));
    gets.push(await measureGets(hub));
    lists.plain.push(await measureLists(hub, AS_OBJECTS));
    lists.table.push(await measureLists(hub, AS_TABLE));
    patches.push(await measurePatches(hub));
    for (const [index, fanOut] of FAN_OUTS.entries())
      deliveries[index]?.push(await measureWatches(hub, fanOut));
    // Once: it takes a minute.
    if (round > 0) continue;
    await using crowded = await startHub();
    await fill(crowded, { from: 0, to: MANY_PODS });
    memoryOfMany.push(pssSampleOf(crowded));
  }
  const rows: Row[] = [];
  for (const [writers, { ours, peers }] of creates) {
    const suffix = writers === 64 ? '' : String(writers);
    const peer = peerName === undefined ? {} : { peer: { name: `${peerName}, puts`, samples: peers } };
    rows.push(toRow(`api.create${suffix}.perSecond`, { unit: 'creates/s', better: 'higher', ours, ...peer }));
    const peerCpu =
      peerName === undefined ? {} : { peer: { name: `${peerName}, puts`, samples: perCpuSecond(peers) } };
    rows.push(
      toRow(`api.create${suffix}.perCpuSecond`, {
        unit: 'creates/cpu-s',
        better: 'higher',
        ours: perCpuSecond(ours),
        ...peerCpu,
      }),
    );
  }
  rows.push(
    toRow('api.get.perCpuSecond', { unit: 'gets/cpu-s', better: 'higher', ours: perCpuSecond(gets) }),
    toRow('api.patch.perSecond', { unit: 'patches/s', better: 'higher', ours: patches }),
    toRow('api.patch.perCpuSecond', {
      unit: 'patches/cpu-s',
      better: 'higher',
      ours: perCpuSecond(patches),
    }),
    toRow('api.list10k.cpuMs', { unit: 'ms', better: 'lower', ours: lists.plain }),
    toRow('api.table10k.cpuMs', { unit: 'ms', better: 'lower', ours: lists.table }),
    ...FAN_OUTS.map(({ watchers }, index) =>
      toRow(`api.watch${watchers === 1000 ? '' : '10k'}.deliveriesPerCpuSecond`, {
        unit: 'events/cpu-s',
        better: 'higher',
        ours: deliveries[index] ?? [],
      }),
    ),
    toRow('api.start.seconds', { unit: 's', better: 'lower', ours: starts }),
    toRow('api.pss10k.mib', { unit: 'MiB', better: 'lower', ours: memory }),
    toRow('api.pss100k.mib', { unit: 'MiB', better: 'lower', ours: memoryOfMany }),
  );
  return rows;
}
