import { SimulatedClock } from '#system/simulated-time.ts';
import { runSimulation } from '#simulation/run-simulation.ts';
const counts = new Map<string, number>();
const proto = SimulatedClock.prototype as any;
const after = proto.after;
proto.after = function (ms: number, cb: () => void) {
  const stack = (new Error().stack ?? '').split('\n').slice(2).map((l) => l.replace(/.*src\//, '').replace(/\)$/, '').replace(/:\d+$/,'')).filter((l) => !/clock.ts|process-life|node:internal/.test(l)).slice(0, 2).join(' < ');
  return after.call(this, ms, () => { counts.set(stack, (counts.get(stack) ?? 0) + 1); cb(); });
};
const r = await runSimulation({ seed: Number(process.argv[2] ?? 7), hours: 0.5 });
let total = 0; for (const n of counts.values()) total += n;
console.log(total, r.elapsedMs / 3600000);
for (const [k, n] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 25)) console.log(n, k);
