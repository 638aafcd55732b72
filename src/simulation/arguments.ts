import { parseArgs } from 'node:util';
import type { Plant } from '#simulation/plant.ts';
import { PLANTS } from '#simulation/plants/all-plants.ts';

/** What the command line asks for. */
export type SimulationCommand =
  | {
      readonly type: 'run';
      readonly seeds: readonly number[];
      readonly hours: number;
      readonly sites: number;
      readonly plant: Plant | undefined;
    }
  | { readonly type: 'listPlants' }
  | { readonly type: 'wrong'; readonly message: string };

export const USAGE =
  'node src/simulation/main.ts [--seed N | --seeds COUNT | --seeds FROM..TO] [--hours H] [--sites COUNT] [--plant NAME] [--list-plants]';

/** The most seeds of one command, and the most sites of a world. */
const SEEDS_MAX = 10_000;
const SITES_MAX = 100;

/** Reads the command line. */
export function readArguments(args: readonly string[]): SimulationCommand {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        hours: { type: 'string', default: '1' },
        sites: { type: 'string', default: '5' },
        plant: { type: 'string' },
        'list-plants': { type: 'boolean', default: false },
      },
    });
    if (values['list-plants']) return { type: 'listPlants' };
    const plant = PLANTS.find(({ name }) => name === values.plant);
    if (values.plant !== undefined && plant === undefined)
      throw new Error(`--plant "${values.plant}" is none of ${PLANTS.map(({ name }) => name).join(', ')}`);
    return {
      type: 'run',
      seeds: readSeeds(values),
      hours: readHours(values.hours),
      sites: readSites(values.sites),
      plant,
    };
  } catch (error) {
    return { type: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
}

/** `--seed 7` is that one, `--seeds 20` are 1 to 20, `--seeds 3..5` are 3 to 5. */
function readSeeds({
  seed = '1',
  seeds,
}: {
  seed?: string | undefined;
  seeds?: string | undefined;
}): number[] {
  const range = /^(?:(?<from>\d{1,9})\.\.)?(?<to>\d{1,9})$/u.exec(seeds ?? seed)?.groups;
  const to = Number(range?.to);
  const from = Number(range?.from ?? (seeds === undefined ? to : 1));
  if (!(to >= from && to - from < SEEDS_MAX)) {
    throw new Error(
      `"${seeds ?? seed}" is no seed: expected a number, or FROM..TO with at most ${SEEDS_MAX} of them`,
    );
  }
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function readHours(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && hours <= 10_000))
    throw new Error(`--hours "${text}": expected a number above 0, up to 10000`);
  return hours;
}

function readSites(text: string): number {
  const sites = Number(text);
  if (!(Number.isInteger(sites) && sites >= 1 && sites <= SITES_MAX))
    throw new Error(`--sites "${text}": expected a whole number from 1 to ${SITES_MAX}`);
  return sites;
}
