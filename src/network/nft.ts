import type { NftTable } from '#network/nft-table.ts';
import { markOf } from '#network/nft-table.ts';
import type { Processes } from '#system/process.ts';

/** The longest piece of nft's complaint that an error carries, in characters. */
const COMPLAINT_CHARS_MAX = 1_000;

/** Runs a script in one transaction: all of it holds when this resolves, none of it when it throws what nft said. */
export async function runNftScript(processes: Processes, script: string): Promise<void> {
  const result = await processes.run('nft', ['-f', '-'], { stdin: script });
  if (result.code === 0) return;
  const complaint = (result.stderr.trim() || `ended by ${result.signal ?? result.code}`).slice(
    0,
    COMPLAINT_CHARS_MAX,
  );
  throw new Error(`nft refused the rules: ${complaint}`);
}

/** Whether the kernel holds exactly this table, as far as its mark tells. False where nft cannot say. */
export async function isLoaded(processes: Processes, table: NftTable): Promise<boolean> {
  const result = await processes.run('nft', ['list', 'chain', 'inet', table.name, markOf(table)]);
  return result.code === 0;
}

/** Removes a table, with everything in it; does nothing where there is none. */
export async function deleteNftTable(processes: Processes, name: string): Promise<void> {
  await runNftScript(processes, `table inet ${name}\ndelete table inet ${name}\n`);
}

/** A base chain of another program that drops what it has no rule for. */
export interface DropPolicy {
  readonly hook: 'forward' | 'input';
  /** `family table chain`. */
  readonly chain: string;
}

/**
 * Firewalls that a site's traffic only passes where they have a rule for it: on `forward` they stand between pods and
 * everything else, on `input` between pods and the site's DNS and API. From the output of `nft -j list chains`; rules
 * made with iptables-legacy are not seen there.
 */
export function dropPolicies(chainsJson: string): DropPolicy[] {
  interface Chain {
    readonly family: string;
    readonly table: string;
    readonly name: string;
    readonly hook?: string;
    readonly policy?: string;
  }
  const { nftables } = JSON.parse(chainsJson) as { nftables: { chain?: Chain }[] };
  return nftables.flatMap(({ chain }) => {
    if (chain?.policy !== 'drop' || (chain.family !== 'ip' && chain.family !== 'inet')) return [];
    if (chain.hook !== 'forward' && chain.hook !== 'input') return [];
    return [{ hook: chain.hook, chain: `${chain.family} ${chain.table} ${chain.name}` }];
  });
}
