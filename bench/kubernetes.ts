import {
  AS_OBJECTS,
  AS_TABLE,
  fill,
  LIST_PODS,
  measureCreates,
  measureGets,
  measureLists,
  measurePatches,
  perCpuSecond,
  pssSampleOf,
} from './api-load.ts';
import { type ApiServer, startHub } from './hub-process.ts';
import { kubeApiserverName, startKubeApiserver } from './kube-apiserver-peer.ts';
import { cpuSecondsOfAll } from './process-cost.ts';
import { type Row, type Sample, toRow } from './row.ts';

/** Interleaved runs: ours, theirs, ours, theirs, … */
const RUNS = 3;

/** What is measured of one server: the same requests, bytes and clients for both. */
const MEASURES = [
  { name: 'create.perCpuSecond', unit: 'creates/cpu-s', writers: 64 },
  { name: 'create16.perCpuSecond', unit: 'creates/cpu-s', writers: 16 },
  { name: 'create1.perCpuSecond', unit: 'creates/cpu-s', writers: 1 },
] as const;

type Samples = Map<string, Sample[]>;

/**
 * The API beside kube-apiserver with etcd: durable creates, gets, patches and lists of the same pods by the same clients
 * over TLS, with authorisation and admission on both sides. CPU and memory are of all the server's processes: ours has its
 * controllers and scheduler in it, which run beside kube-apiserver, and are not counted there. Without a row where there is no
 * kube-apiserver.
 */
export async function run(): Promise<Row[]> {
  const peer = kubeApiserverName();
  if (peer === undefined) {
    console.error('no kube-apiserver to measure beside: build one with "node bench/kube-apiserver-build.ts"');
    return [];
  }
  const ours: Samples = new Map();
  const theirs: Samples = new Map();
  for (let round = 0; round < RUNS; round++) {
    await measure(ours, startHub);
    await measure(theirs, startKubeApiserver);
  }
  const row = (name: string, unit: string, better: 'higher' | 'lower'): Row =>
    toRow(`kubernetes.${name}`, {
      unit,
      better,
      ours: ours.get(name) ?? [],
      peer: { name: `${peer} with etcd`, samples: theirs.get(name) ?? [] },
    });
  return [
    ...MEASURES.map(({ name, unit }) => row(name, unit, 'higher')),
    row('get.perCpuSecond', 'gets/cpu-s', 'higher'),
    row('patch.perCpuSecond', 'patches/cpu-s', 'higher'),
    row('list10k.cpuMs', 'ms', 'lower'),
    row('table10k.cpuMs', 'ms', 'lower'),
    row('start.seconds', 's', 'lower'),
    row('pss10k.mib', 'MiB', 'lower'),
  ];
}

async function measure(
  samples: Samples,
  start: () => Promise<ApiServer & AsyncDisposable & { readonly startSeconds: number }>,
): Promise<void> {
  const note = (name: string, ...made: Sample[]): void =>
    void samples.set(name, [...(samples.get(name) ?? []), ...made]);
  for (const { name, writers } of MEASURES) {
    await using server = await start();
    note('start.seconds', { value: server.startSeconds, cpuSeconds: cpuSecondsOfAll(server.pids) });
    note(name, ...perCpuSecond([await measureCreates(server, writers)]));
  }
  await using server = await start();
  await fill(server, { from: 0, to: LIST_PODS });
  note('pss10k.mib', pssSampleOf(server));
  note('get.perCpuSecond', ...perCpuSecond([await measureGets(server)]));
  note('list10k.cpuMs', await measureLists(server, AS_OBJECTS));
  note('table10k.cpuMs', await measureLists(server, AS_TABLE));
  note('patch.perCpuSecond', ...perCpuSecond([await measurePatches(server)]));
}
