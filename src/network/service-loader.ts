import type { Frontend, FrontendProblem } from '#network/frontend.ts';
import { isLoaded, runNftScript } from '#network/nft.ts';
import { type NftTable, renderTable, renderUpdate } from '#network/nft-table.ts';
import { type ServiceRulesOptions, serviceRules } from '#network/service-rules.ts';
import type { ServiceState } from '#network/service-sources.ts';
import { staleFlowFilters } from '#network/udp-flows.ts';
import { errorCode } from '#system/disk.ts';
import type { Log } from '#system/log.ts';
import type { Processes } from '#system/process.ts';

export interface ServiceLoaderOptions {
  readonly rules: ServiceRulesOptions;
  readonly processes: Processes;
  readonly log: Log;
}

/** Brings one site's table in the kernel to what the services ask for, and remembers what it holds. */
export class ServiceLoader {
  readonly #options: ServiceLoaderOptions;
  /** What the kernel holds; undefined where that is not known. */
  #loaded: { readonly table: NftTable; readonly frontends: readonly Frontend[] } | undefined;
  #hasConntrack = true;

  constructor(options: ServiceLoaderOptions) {
    this.#options = options;
  }

  /**
   * Loads what differs, in one transaction; all of it where the kernel's content is unknown and is not this already.
   * Returns what could not be forwarded. Throws what nft said; the kernel then holds what it held before.
   */
  async load(state: ServiceState): Promise<readonly FrontendProblem[]> {
    const { table, frontends, problems } = serviceRules(state, this.#options.rules);
    const before = this.#loaded;
    const isNews =
      before === undefined ? await this.#loadAll(table) : await this.#loadDifference(before.table, table);
    this.#loaded = { table, frontends };
    if (isNews) await this.#forgetStaleFlows(before?.frontends ?? [], frontends);
    return problems;
  }

  /** Asks the kernel whether it still holds what was loaded; where not (a firewall flushed it), the next load loads all. */
  async verify(): Promise<void> {
    const { log, processes } = this.#options;
    if (this.#loaded === undefined || (await isLoaded(processes, this.#loaded.table))) return;
    log.warn('the service rules are no longer in the kernel: something flushed them', {
      table: this.#loaded.table.name,
    });
    this.#loaded = undefined;
  }

  /** False where the kernel holds the table already, from before a restart of this program: nothing is touched then. */
  async #loadAll(table: NftTable): Promise<boolean> {
    const { log, processes } = this.#options;
    const isNews = !(await isLoaded(processes, table));
    if (isNews) await runNftScript(processes, renderTable(table));
    log.info(isNews ? 'service rules loaded' : 'service rules taken over as they are', { table: table.name });
    return isNews;
  }

  /** An update that the kernel refuses was made for other content than it holds: then all is loaded. */
  async #loadDifference(from: NftTable, to: NftTable): Promise<boolean> {
    const update = renderUpdate(from, to);
    if (update === '') return false;
    this.#loaded = undefined;
    try {
      await runNftScript(this.#options.processes, update);
      return true;
    } catch (error) {
      this.#options.log.warn('an update of the service rules was refused; loading all of them', { error });
      return await this.#loadAll(to);
    }
  }

  /** Without the conntrack command this is left undone, and said once: flows of UDP then follow only after a pause. */
  async #forgetStaleFlows(before: readonly Frontend[], after: readonly Frontend[]): Promise<void> {
    if (!this.#hasConntrack) return;
    for (const filter of staleFlowFilters(before, after)) {
      try {
        await this.#options.processes.run('conntrack', ['--delete', '--proto', 'udp', ...filter]);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        this.#hasConntrack = false;
        this.#options.log.warn(
          'the conntrack command is missing: UDP clients that never pause stay with a gone endpoint',
        );
        return;
      }
    }
  }
}
