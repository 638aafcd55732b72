import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, type SimulationCommand, USAGE } from '#simulation/arguments.ts';
import { PLANTS } from '#simulation/plants/all-plants.ts';
import { runSimulation } from '#simulation/run-simulation.ts';
import { createRealSystem } from '#system/real.ts';

const { clock, processes } = createRealSystem({ level: 'warn' });

const command = readArguments(process.argv.slice(2));
switch (command.type) {
  case 'wrong':
    process.stderr.write(`${command.message}\n${USAGE}\n`);
    process.exitCode = 2;
    break;
  case 'listPlants':
    for (const { name, text } of PLANTS) process.stdout.write(`${name.padEnd(28)} ${text}\n`);
    break;
  case 'run':
    process.exitCode = await runSeeds(command);
    break;
}

/** Runs one seed after the other; with several, only the failing ones print their transcript. */
async function runSeeds({
  seeds,
  hours,
  sites,
  plant,
}: Extract<SimulationCommand, { type: 'run' }>): Promise<number> {
  const isAlone = seeds.length === 1;
  const beganMs = clock.monotonic();
  let elapsedMs = 0;
  let failed = 0;
  for (const seed of seeds) {
    const result = await runSimulation({
      seed,
      hours,
      sites,
      plant,
      ...(isAlone ? { onLine: printLine } : {}),
    });
    elapsedMs += result.elapsedMs;
    if (!isAlone && result.violations.length === 0)
      printLine(`seed ${seed}: ${result.transcript.at(-1) ?? ''}`);
    if (result.violations.length === 0) continue;
    failed += 1;
    if (!isAlone) for (const line of result.transcript) printLine(line);
    process.stderr.write(`seed ${seed} commit ${await commit()}\n`);
  }
  const [virtualHours, seconds] = [elapsedMs / 3_600_000, (clock.monotonic() - beganMs) / 1000];
  process.stderr.write(
    `${virtualHours.toFixed(1)} virtual hours in ${seconds.toFixed(1)} s: ${(virtualHours / seconds).toFixed(2)} a second\n`,
  );
  return failed === 0 ? 0 : 1;
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The commit of these sources, so that a failure can be replayed. */
async function commit(): Promise<string> {
  try {
    const { code, stdout } = await processes.run('git', [
      '-C',
      dirname(fileURLToPath(import.meta.url)),
      'rev-parse',
      'HEAD',
    ]);
    return code === 0 ? stdout.trim() : 'unknown';
  } catch {
    // No git on this machine.
    return 'unknown';
  }
}
