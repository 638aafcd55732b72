import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createSigningRequest } from '#pki/authority.ts';
import { run } from './command.ts';
import { eventually } from './eventually.ts';
import { kubectlVersions, RunningKubectl } from './kubectl.ts';
import { type Command, commands, files } from './kubectl-commands.ts';
import { RequestRecorder } from './request-recorder.ts';
import { formatTranscripts, lineOf, parseTranscripts, type Transcript } from './request-transcript.ts';
import { freePort, ROOT, World } from './world.ts';

/** Versions that differ in what they ask: SPDY and JSON bodies; WebSocket; Protobuf bodies. */
const VERSIONS = ['1.28', '1.31', '1.33'];

const GOLDEN = `${ROOT}/test/golden/kubectl-requests.txt`;

/** With this variable in the environment the golden file is written instead of compared. */
const isWriting = process.env['WRITE_GOLDEN'] === 'yes';

/**
 * Whatever kubectl asks, line by line, and the status that it is answered. After a change that is meant:
 * `WRITE_GOLDEN=yes node --test test/kubectl-requests.linux.test.ts`, and read the difference.
 */
describe('what kubectl asks, and how it is answered', () => {
  const programs = kubectlVersions();
  const seen = new Map<string, Transcript>();
  let world: World;
  let folder: string;

  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--sites', 'north');
    folder = await mkdtemp(join(tmpdir(), 'skerry-requests-'));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text, { mode: 0o755 });
    }
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const version of VERSIONS) {
    const program = programs.get(version);
    const skip = program === undefined ? `*** kubectl ${version} is not on this machine ***` : false;
    it(`kubectl ${version}`, { skip }, async () => {
      assert.ok(program !== undefined);
      const transcript = await transcriptOf({ world, folder, program, version });
      seen.set(version, transcript);
      if (isWriting) return;
      const golden = parseTranscripts(await readFile(GOLDEN, 'utf8')).get(version) ?? new Map();
      for (const [title, lines] of transcript) {
        assert.deepEqual(lines, golden.get(title), `kubectl ${version} ${title}`);
      }
      assert.deepEqual(new Set(transcript.keys()), new Set(golden.keys()), 'every command is known');
    });
  }

  it('is written down', { skip: isWriting ? false : 'only with WRITE_GOLDEN=yes' }, async () => {
    await mkdir(dirname(GOLDEN), { recursive: true });
    const earlier = existsSync(GOLDEN) ? parseTranscripts(await readFile(GOLDEN, 'utf8')) : [];
    await writeFile(GOLDEN, formatTranscripts(new Map([...earlier, ...seen])));
  });
});

interface Session {
  readonly world: World;
  readonly folder: string;
  readonly program: string;
  readonly version: string;
}

async function transcriptOf({ world, folder, program, version }: Session): Promise<Transcript> {
  const kubeconfig = join(folder, `kubeconfig-${version}`);
  await using recorder = await RequestRecorder.before(
    { kubeconfig: world.kubeconfig, context: 'north' },
    kubeconfig,
  );
  const plain = world.kubectl('north');
  await plain.okWith(await certificateRequest(), 'replace --force -f -');
  const node = (await plain.ok('get nodes -o jsonpath={.items[0].metadata.name}')).trim();
  const cache = join(folder, `cache-${version}`);
  const prefix = ['--kubeconfig', kubeconfig, '--cache-dir', cache, '-n', 'golden'];
  const transcript = new Map<string, string[]>();
  for (const command of commands) {
    if (command.since !== undefined && Number(version.slice(2)) < command.since) continue;
    // Whatever its controllers write on the way would make some commands ask once more.
    if (command.settled === true) await plain.ok('-n golden rollout status deployment/web --timeout=60s');
    const port = await freePort();
    const words = wordsOf(command).map((word) => word.replace('NODE', node).replace('PORT', String(port)));
    const code = await runCommand(command, [program, ...prefix, ...words], { folder, recorder });
    const lines = recorder.take().map((recorded) => lineOf(recorded).replaceAll(node, 'NODE'));
    const title = titleIn(transcript, command);
    transcript.set(title, [...lines, `exit ${code}`]);
  }
  await eventually(
    'the namespace is gone',
    () => plain.try(['get namespace golden']),
    ({ code }) => code === 1,
    60_000,
  );
  return transcript;
}

/** A second use of the same words is another command. */
function titleIn(transcript: Transcript, { line, words = [] }: Command): string {
  const title = [...words].reduce((text, word) => text.replace('*', `'${word}'`), line);
  return transcript.has(title) ? `${title} # again` : title;
}

function wordsOf({ line, words = [] }: Command): string[] {
  const quoted = [...words];
  return line.split(' ').map((word) => (word.includes('*') ? word.replace('*', quoted.shift() ?? '') : word));
}

async function runCommand(
  { env = {}, until }: Command,
  [program = '', ...args]: readonly string[],
  { folder, recorder }: { readonly folder: string; readonly recorder: RequestRecorder },
): Promise<number | string> {
  if (until === undefined) return (await run(program, args, { env, cwd: folder, withinMs: 90_000 })).code;
  using running = new RunningKubectl([program, ...args]);
  await eventually(
    `${args.join(' ')} prints`,
    () => running.text,
    (text) => until.text.test(text) && recorder.answered >= until.requests,
  );
  return 'by a signal';
}

/** A request for a certificate, of a key that is thrown away. */
async function certificateRequest(): Promise<string> {
  const { csr } = await createSigningRequest('someone');
  return JSON.stringify({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'someone' },
    spec: {
      request: Buffer.from(csr).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  });
}
