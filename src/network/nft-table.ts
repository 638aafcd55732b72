import { createHash } from 'node:crypto';
import { assert } from '#system/assert.ts';

/**
 * One nftables table of family inet as data, so that it can be compared and rendered. Names of sets and chains decide
 * their definition: a set or base chain of one name never changes its type, timeout or hook.
 */
export interface NftTable {
  readonly name: string;
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: ReadonlyMap<string, NftChain>;
}

/** A set or a verdict map. `elements` goes from key to value: a verdict in a map, the empty text in a set. */
export interface NftSet {
  readonly kind: 'set' | 'map';
  /** Statements without their semicolons: `type ipv4_addr`, `timeout 3h`. */
  readonly definition: readonly string[];
  /** What is declared; of a dynamic set, the packet path adds more, which an update leaves alone. */
  readonly elements: ReadonlyMap<string, string>;
}

export interface NftChain {
  /** `type nat hook prerouting priority dstnat; policy accept;` of a base chain. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** A name that identifies the table's whole content; the empty chain of this name marks in the kernel what is loaded. */
export function markOf(table: NftTable): string {
  return `loaded-${createHash('sha256').update(renderBody(table)).digest('hex').slice(0, 16)}`;
}

/** A script that makes the table be exactly this, whatever was there, in one transaction. Ends what dynamic sets held. */
export function renderTable(table: NftTable): string {
  const mark = `\tchain ${markOf(table)} {\n\t}\n`;
  return `table inet ${table.name}\ndelete table inet ${table.name}\ntable inet ${table.name} {\n${renderBody(table)}${mark}}\n`;
}

/** The inside of the table's block, the same text for the same table. For people and golden files too. */
export function renderBody(table: NftTable): string {
  const sets = [...table.sets].map(([name, set]) => {
    const lines = set.definition.map((line) => `\t\t${line}\n`).join('');
    const elements =
      set.elements.size === 0 ? '' : `\t\telements = {\n${renderElements(set.elements)}\n\t\t}\n`;
    return `\t${set.kind} ${name} {\n${lines}${elements}\t}\n`;
  });
  const chains = [...table.chains].map(([name, chain]) => {
    const hook = chain.hook === undefined ? '' : `\t\t${chain.hook}\n`;
    return `\tchain ${name} {\n${hook}${chain.rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`;
  });
  return sets.join('') + chains.join('');
}

/**
 * A script that turns `from`, which must be what is loaded, into `to` in one transaction: only what differs is touched, so
 * that dynamic sets keep what they learnt. Empty where nothing differs.
 */
export function renderUpdate(from: NftTable, to: NftTable): string {
  assert(from.name === to.name, `a table keeps its name, got ${from.name} and ${to.name}`);
  if (markOf(from) === markOf(to)) return '';
  const chains = changedChains(from, to);
  const goneSets = [...from.sets.keys()].filter((name) => !to.sets.has(name));
  const command = (verb: string, rest: string): string => `${verb} inet ${to.name} ${rest}\n`;
  return [
    command('add chain', markOf(to)),
    ...chains.added.map((name) => command('add chain', `${name}${hookOf(to.chains.get(name))}`)),
    ...addedSets(from, to),
    ...elementCommands('delete', from, to),
    ...[...chains.changed, ...chains.gone].map((name) => command('flush chain', name)),
    ...[...chains.added, ...chains.changed].flatMap((name) =>
      (to.chains.get(name)?.rules ?? []).map((rule) => command('add rule', `${name} ${rule}`)),
    ),
    ...elementCommands('add', from, to),
    ...[...chains.gone, markOf(from)].map((name) => command('delete chain', name)),
    ...goneSets.map((name) => command('delete set', name)),
  ].join('');
}

function changedChains(from: NftTable, to: NftTable): { added: string[]; changed: string[]; gone: string[] } {
  const added: string[] = [];
  const changed: string[] = [];
  for (const [name, chain] of to.chains) {
    const before = from.chains.get(name);
    if (before === undefined) added.push(name);
    else if (before.rules.join('\n') !== chain.rules.join('\n')) changed.push(name);
  }
  return { added, changed, gone: [...from.chains.keys()].filter((name) => !to.chains.has(name)) };
}

function addedSets(from: NftTable, to: NftTable): string[] {
  return [...to.sets]
    .filter(([name]) => !from.sets.has(name))
    .map(([name, set]) => `add ${set.kind} inet ${to.name} ${name} { ${set.definition.join('; ')}; }\n`);
}

/** The elements that only the one table has, or has with another value. Those of a set that goes, go with it. */
function elementCommands(verb: 'add' | 'delete', from: NftTable, to: NftTable): string[] {
  const [having, lacking] = verb === 'add' ? [to, from] : [from, to];
  const commands: string[] = [];
  for (const [name, set] of having.sets) {
    if (!to.sets.has(name)) continue;
    const others = lacking.sets.get(name)?.elements;
    const differing = new Map([...set.elements].filter(([key, value]) => others?.get(key) !== value));
    if (differing.size > 0)
      commands.push(`${verb} element inet ${to.name} ${name} {\n${renderElements(differing)}\n}\n`);
  }
  return commands;
}

function hookOf(chain: NftChain | undefined): string {
  return chain?.hook === undefined ? '' : ` { ${chain.hook} }`;
}

function renderElements(elements: ReadonlyMap<string, string>): string {
  return [...elements].map(([key, value]) => `\t\t\t${key}${value === '' ? '' : ` : ${value}`}`).join(',\n');
}
