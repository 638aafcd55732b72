import { execFileSync } from 'node:child_process';
import { onMachine, type TestMachine } from '#store/test-machine.linux.fixture.ts';
import { must } from '#system/assert.ts';

/** Where the test itself stands on the network of its hosts. */
const OWN_ADDRESS = '10.9.0.1';

/**
 * Machines on one network that can be cut in pieces, each a network namespace; to be used inside a namespace of the test's
 * own, with which everything ends. The test reaches each machine, whatever is cut between them.
 */
export class PartitionedHosts {
  readonly #machines: ReadonlyMap<string, TestMachine>;
  /** The addresses from which nothing arrives, by the name of the machine. */
  readonly #lost = new Map<string, readonly string[]>();

  constructor(names: readonly string[]) {
    ip('link', 'add', 'br0', 'type', 'bridge');
    ip('address', 'add', `${OWN_ADDRESS}/24`, 'dev', 'br0');
    ip('link', 'set', 'br0', 'up');
    this.#machines = new Map(names.map((name, index) => [name, addMachine(name, `10.9.0.${10 + index}`)]));
  }

  machine(name: string): TestMachine {
    return must(this.#machines.get(name), `the machine "${name}"`);
  }

  /** From now on nothing passes between any of `some` and any of `others`, without a word to either side. */
  cut(some: readonly string[], others: readonly string[]): void {
    this.mute(some, others);
    this.mute(others, some);
  }

  /** From now on what `senders` send to `receivers` is lost; the other way stays as it is. */
  mute(senders: readonly string[], receivers: readonly string[]): void {
    const addresses = senders.map((name) => this.machine(name).address);
    for (const name of receivers) this.#drop(name, [...(this.#lost.get(name) ?? []), ...addresses]);
  }

  /** Everything passes again. */
  heal(): void {
    for (const name of this.#lost.keys()) this.#drop(name, []);
  }

  #drop(name: string, from: readonly string[]): void {
    this.#lost.set(name, from);
    const rules = from.map((address) => `add rule inet cut from-others ip saddr ${address} drop`);
    const table = ['add table inet cut', 'flush table inet cut'];
    const chain = 'add chain inet cut from-others { type filter hook input priority 0; }';
    const script = [...table, chain, ...rules, ''].join('\n');
    execFileSync(...onMachine(this.machine(name), 'nft', ['-f', '-']), { input: script });
  }
}

function addMachine(name: string, address: string): TestMachine {
  const machine = { address, namespace: `/run/netns/${name}` };
  const inside = (...args: string[]): unknown => execFileSync(...onMachine(machine, 'ip', args));
  ip('netns', 'add', name);
  ip('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('link', 'set', `to-${name}`, 'master', 'br0', 'up');
  inside('address', 'add', `${address}/24`, 'dev', 'eth0');
  inside('link', 'set', 'eth0', 'up');
  inside('link', 'set', 'lo', 'up');
  return machine;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}
