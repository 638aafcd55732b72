import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cniConflist } from '#network/pod-network.ts';
import type { SiteNetwork } from '#network/site-network.ts';
import type { ChildProcess, Processes } from '#system/process.ts';

/** Set where a test file runs inside its own namespaces. */
const INNER = 'SKERRY_TEST_IN_OWN_NAMESPACE';

/** Where Debian keeps the CNI plugins. */
const CNI_FOLDER = '/usr/lib/cni';

/**
 * Runs `defineTests` in network, mount and process namespaces of their own, by starting the test file (`path`) again
 * inside: nothing of the machine is touched, and all that is made there ends with the process. Lines that say `measured`
 * become diagnostics.
 */
export function testInOwnNamespaces(options: {
  path: string;
  processes: Processes;
  defineTests: () => void;
}): void {
  if (process.env[INNER] !== undefined) return options.defineTests();
  const setUp = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$0" "$1"';
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  test('in a network namespace of its own', async (t) => {
    const args = [...namespaces, 'sh', '-c', setUp, process.execPath, options.path];
    const env = { [INNER]: '1', NODE_TEST_CONTEXT: '' };
    const result = await options.processes.run('unshare', args, { env });
    const lines = result.stdout.split('\n').map((line) => line.trim());
    for (const line of lines.filter((text) => /^(?:measured|✔|✖|﹣)/u.test(text))) t.diagnostic(line);
    assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  });
}

/** Answers HTTP on TCP 8080 and datagrams on UDP 8080 with "<own address> <client address>". */
const ECHO_SERVER = `
  const say = (client) => process.argv[1] + ' ' + client.replace('::ffff:', '');
  require('node:http').createServer((request, response) => {
    if (request.url === '/slow') { response.write('begun '); setTimeout(() => response.end(say(request.socket.remoteAddress)), 1500); }
    else response.end(say(request.socket.remoteAddress));
  }).listen(8080, '0.0.0.0');
  const udp = require('node:dgram').createSocket('udp4');
  udp.on('message', (message, from) => udp.send(say(from.address), from.port, from.address));
  udp.bind(8080);
`;

/** A host with pods and a neighbour, each a network namespace with a name. */
export class TestHost {
  readonly #options: { network: SiteNetwork; processes: Processes; folder: string; leaseFolder: string };
  readonly #children: ChildProcess[] = [];

  constructor(options: { network: SiteNetwork; processes: Processes; folder: string; leaseFolder: string }) {
    this.#options = options;
  }

  /** Runs a command on the host; its output, or a failure that says what it said. */
  async run(command: string, ...args: string[]): Promise<string> {
    const result = await this.#options.processes.run(command, args);
    assert.equal(result.code, 0, `${command} ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  }

  /** Runs a command in a pod or on the neighbour. */
  async inside(name: string, ...command: string[]): Promise<string> {
    return await this.run('nsenter', `--net=/run/netns/${name}`, ...command);
  }

  /** The exit code of a command in a pod, on the neighbour or on the `host`. */
  async codeOf(name: string, ...command: string[]): Promise<number | null> {
    const [first = '', ...rest] =
      name === 'host' ? command : ['nsenter', `--net=/run/netns/${name}`, ...command];
    return (await this.#options.processes.run(first, rest)).code;
  }

  /** What a URL answers to a pod, the neighbour or the `host`. */
  async fetch(name: string, url: string): Promise<string> {
    return await (name === 'host'
      ? this.run('curl', ...curlArguments(url))
      : this.inside(name, 'curl', ...curlArguments(url)));
  }

  /** The exit code of curl: 7 where the connection was refused, 28 where nothing came in time. */
  async fetchCode(name: string, url: string, seconds = 3): Promise<number | null> {
    return await this.codeOf(name, 'curl', ...curlArguments(url, seconds));
  }

  /** A pod as the runtime makes one: a namespace, and the bridge plugin called with the site's own configuration. */
  async addPod(name: string): Promise<string> {
    const { network, processes, leaseFolder } = this.#options;
    await this.run('ip', 'netns', 'add', name);
    const { plugins, ...list } = cniConflist(network, leaseFolder) as { plugins: object[] };
    const result = await processes.run(`${CNI_FOLDER}/bridge`, [], {
      stdin: JSON.stringify({ ...list, ...plugins[0] }),
      env: {
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: name,
        CNI_NETNS: `/run/netns/${name}`,
        CNI_IFNAME: 'eth0',
        CNI_PATH: CNI_FOLDER,
      },
    });
    assert.equal(result.code, 0, result.stdout);
    await this.inside(name, 'ip', 'link', 'set', 'lo', 'up');
    const { ips } = JSON.parse(result.stdout) as { ips: { address: string }[] };
    return ips[0]?.address.split('/')[0] ?? '';
  }

  /** A machine on the site's own network, beyond the host: 192.168.77.2, with the host at 192.168.77.1. */
  async addNeighbour(): Promise<void> {
    await this.run('ip', 'netns', 'add', 'neighbour');
    await this.run(
      'ip',
      'link',
      'add',
      'uplink',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      'neighbour',
    );
    await this.run('ip', 'address', 'add', '192.168.77.1/24', 'dev', 'uplink');
    await this.run('ip', 'link', 'set', 'uplink', 'up');
    await this.inside('neighbour', 'ip', 'address', 'add', '192.168.77.2/24', 'dev', 'eth0');
    await this.inside('neighbour', 'ip', 'link', 'set', 'eth0', 'up');
    await this.inside('neighbour', 'ip', 'link', 'set', 'lo', 'up');
  }

  /** Starts a Node script in a pod, on the neighbour or on the `host`; it ends with {@link stop}. */
  async start(name: string, script: string, ...args: string[]): Promise<void> {
    const { processes, folder } = this.#options;
    const node = [process.execPath, '-e', script, ...args];
    const [first = '', ...rest] = name === 'host' ? node : ['nsenter', `--net=/run/netns/${name}`, ...node];
    this.#children.push(await processes.start(first, rest, { logPath: `${folder}/${name}.log` }));
  }

  /** Starts the echo server, which gives `label` as its own name, and waits for it. */
  async serve(name: string, label: string): Promise<void> {
    await this.start(name, ECHO_SERVER, label);
    for (let attempt = 0; attempt < 200; attempt++) {
      if ((await this.fetchCode(name, 'http://127.0.0.1:8080/')) === 0) return;
    }
    assert.fail(`the server in ${name} does not answer`);
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

function curlArguments(url: string, seconds = 3): string[] {
  return ['--silent', '--show-error', '--max-time', String(seconds), url];
}
