import type { Row } from './row.ts';
import { formatTable } from './row.ts';

/** Each bench by its name. A bench measures for a minute or two, beside its peers, and leaves nothing running. */
const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<Row[]> }>>> = {
  store: () => import('./store.ts'),
  api: () => import('./api.ts'),
  kubernetes: () => import('./kubernetes.ts'),
  fairness: () => import('./fairness.ts'),
  site: () => import('./site.ts'),
  cel: () => import('./cel.ts'),
};

const USAGE = `usage: node bench/main.ts [--json] [${Object.keys(BENCHES).join(' | ')}]...`;

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const names = args.filter((argument) => argument !== '--json');
  const unknown = names.find((name) => BENCHES[name] === undefined);
  if (unknown !== undefined) {
    console.error(`no bench "${unknown}"\n${USAGE}`);
    return 2;
  }
  const rows: Row[] = [];
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
    const bench = await BENCHES[name]?.();
    rows.push(...((await bench?.run()) ?? []));
  }
  console.log(json ? JSON.stringify({ rows }) : formatTable(rows));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
