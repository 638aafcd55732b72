import { runSimulation } from '#simulation/run-simulation.ts';

const t = performance.now();
const r = await runSimulation({
  seed: Number(process.argv[2] ?? 7),
  hours: Number(process.argv[3] ?? 1),
  onLine: (l) => console.log(l),
});
console.error(r.violations, r.elapsedMs / 3600000, (performance.now() - t) / 1000);
