import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CommandOptions, type Outcome, run } from './command.ts';

/** The version that the tests use where it is there. */
const PREFERRED_VERSION = '1.32';

/** Where kubectl is on `PATH`, and beside it those of single versions: `kubectl.1.27` and so on. */
function kubectlOnPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.map((folder) => `${folder}/kubectl`).find((path) => existsSync(path));
}

/** Every kubectl of this machine that is named for its version, by that version, oldest first. */
export function kubectlVersions(): Map<string, string> {
  const path = kubectlOnPath();
  if (path === undefined) return new Map();
  const folder = dirname(realpathSync(path));
  const names = readdirSync(folder).filter((name) => /^kubectl\.1\.\d+$/u.test(name));
  return new Map(names.toSorted().map((name) => [name.slice('kubectl.'.length), `${folder}/${name}`]));
}

/** The kubectl that the tests use. */
export function kubectlProgram(): string {
  const program = kubectlVersions().get(PREFERRED_VERSION) ?? kubectlOnPath();
  assert.ok(program !== undefined, 'kubectl is not installed: install the Debian package kubernetes-client');
  return program;
}

/** What kubectl is told: one line whose words are apart by blanks, then words that are taken as they are. */
export type KubectlWords = readonly [line: string, ...rest: string[]];

/** kubectl for one context of one kubeconfig, as a person would call it. */
export class Kubectl {
  readonly #program: string;
  readonly #kubeconfig: string;
  readonly #context: string;

  constructor(kubeconfig: string, context: string, program: string = kubectlProgram()) {
    this.#program = program;
    this.#kubeconfig = kubeconfig;
    this.#context = context;
  }

  /** The whole command. */
  command([line, ...rest]: KubectlWords): string[] {
    return [
      this.#program,
      '--kubeconfig',
      this.#kubeconfig,
      '--context',
      this.#context,
      ...line.split(' '),
      ...rest,
    ];
  }

  /** Runs it, whatever comes of it. */
  try(words: KubectlWords, options: CommandOptions = {}): Promise<Outcome> {
    const [program = '', ...args] = this.command(words);
    return run(program, args, { withinMs: 45_000, ...options });
  }

  /** Runs it; it must succeed. Resolves to what it printed. */
  async ok(...words: KubectlWords): Promise<string> {
    const { code, stdout, stderr } = await this.try(words);
    assert.equal(
      code,
      0,
      `kubectl --context ${this.#context} ${words.join(' ')} ended with ${code}: ${stdout}${stderr}`,
    );
    return stdout;
  }

  /** Runs it with something to read. */
  async okWith(input: string, ...words: KubectlWords): Promise<string> {
    const { code, stdout, stderr } = await this.try(words, { input });
    assert.equal(
      code,
      0,
      `kubectl --context ${this.#context} ${words.join(' ')} ended with ${code}: ${stdout}${stderr}`,
    );
    return stdout;
  }

  /** Runs it; it must fail with this exit code. Resolves to what it said. */
  async fails(code: number, ...words: KubectlWords): Promise<string> {
    const outcome = await this.try(words);
    assert.equal(
      outcome.code,
      code,
      `kubectl ${words.join(' ')} ended with ${outcome.code}: ${outcome.stdout}${outcome.stderr}`,
    );
    return outcome.stderr;
  }

  /** An object or a list of objects. */
  async json<T>(...[line, ...rest]: KubectlWords): Promise<T> {
    return JSON.parse(await this.ok(`${line} -o json`, ...rest)) as T;
  }

  /** Starts it and lets it run, until disposed. */
  start(...words: KubectlWords): RunningKubectl {
    return new RunningKubectl(this.command(words));
  }
}

/** A kubectl that runs on: `get -w`, `logs -f`, `port-forward`. */
export class RunningKubectl implements Disposable {
  readonly #child: ReturnType<typeof spawn>;
  #text = '';

  constructor([program = '', ...args]: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
    }
  }

  /** What it has printed until now. */
  get text(): string {
    return this.#text;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** The rows of a table that kubectl printed, by column. */
export function rowsOf(table: string): Record<string, string>[] {
  const [heading = '', ...lines] = table.trimEnd().split('\n');
  const columns = [...heading.matchAll(/\S+(?: \S+)*/gu)].map((match) => ({
    name: match[0],
    start: match.index,
  }));
  return lines.map((line) =>
    Object.fromEntries(
      columns.map(({ name, start }, index) => [name, line.slice(start, columns[index + 1]?.start).trim()]),
    ),
  );
}
