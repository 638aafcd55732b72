import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from './eventually.ts';
import { type Kubectl, kubectlVersions } from './kubectl.ts';
import { freePort, World } from './world.ts';

const WANTED_VERSIONS = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];

/** From these on kubectl speaks WebSocket where it is let; `v5.channel.k8s.io` is the only one that it offers. */
const REMOTE_COMMAND_ENVIRONMENT = {
  websocket: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' },
  spdy: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
};

const POD = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'talker' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      { name: 'main', image: 'nginx:1.27' },
      {
        name: 'echo',
        image: 'busybox:1.36',
        stdin: true,
        command: ['sh', '-c', 'while read line; do echo "heard $line"; done; sleep 1000'],
      },
    ],
  },
});

describe('streams into pods, with real containers and kubectl of every supported version', () => {
  const programs = kubectlVersions();
  let world: World;
  let folder: string;

  before(async () => {
    world = await World.empty();
    await world.up('--no-example', '--sites', 'north');
    folder = await mkdtemp(join(tmpdir(), 'skerry-streams-'));
    await world.kubectl('north').okWith(POD, 'apply -f -');
    await world.kubectl('north').ok('wait --for=condition=Ready pod/talker --timeout=60s');
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const version of WANTED_VERSIONS) {
    const program = programs.get(version);
    const skip = program === undefined ? `*** kubectl ${version} is not on this machine ***` : false;

    describe(`kubectl ${version}`, { skip }, () => {
      let kubectl: Kubectl;
      before(() => {
        kubectl = world.kubectl('north', program);
      });

      for (const [transport, env] of Object.entries(REMOTE_COMMAND_ENVIRONMENT)) {
        it(`exec by ${transport} hands through output, input to its end, and exit codes`, async () => {
          const run = (input: string | undefined, ...words: [string, ...string[]]) =>
            kubectl.try(words, { env, ...(input === undefined ? {} : { input }) });
          const both = await run(
            undefined,
            'exec talker -c main --',
            'sh',
            '-c',
            'echo out; echo err >&2; exit 7',
          );
          assert.deepEqual([both.code, both.stdout], [7, 'out\n']);
          assert.match(both.stderr, /^err\n/u);
          assert.equal((await run('a\nb\n', 'exec -i talker -c main -- wc -l')).stdout, '2\n');
          const long = 'x'.repeat(300_000);
          assert.equal((await run(long, 'exec -i talker -c main -- cat')).stdout, long);
        });
      }

      it('cp carries a file there and back', async () => {
        const [there, back] = [join(folder, 'there'), join(folder, `back-${version}`)];
        await writeFile(there, 'carried\n'.repeat(10_000));
        await kubectl.ok(`cp ${there} talker:/tmp/there -c main`);
        await kubectl.ok(`cp talker:/tmp/there ${back} -c main`);
        assert.equal(await readFile(back, 'utf8'), 'carried\n'.repeat(10_000));
      });

      it('attach hears and is heard', async () => {
        const { stdout } = await kubectl
          .try(['attach -i talker -c echo --quiet=true'], {
            input: `${version}\n`,
            withinMs: 20_000,
          })
          .catch(() => ({ stdout: '' }));
        const heard = await eventually(
          'the container has heard it',
          () => kubectl.ok('logs talker -c echo'),
          (text) => text.includes(`heard ${version}`),
        );
        assert.ok(`${stdout}${heard}`.includes(version));
      });

      it('port-forward carries requests', async () => {
        const port = await freePort();
        using forwarding = kubectl.start(`port-forward pod/talker ${port}:80`);
        await eventually(
          'it listens',
          () => forwarding.text,
          (text) => text.includes('Forwarding from'),
        );
        for (let turn = 0; turn < 3; turn += 1)
          assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
      });

      it('debug starts a container beside the others, which sees their processes', async () => {
        const name = `debug-${version.replace('.', '-')}`;
        const words = `debug talker --image=busybox:1.36 -c ${name} --target=main --profile=general -- sleep 1000`;
        const older = words.replace(' --profile=general', '');
        await kubectl.ok(version === '1.27' ? older : words);
        await eventually(
          'it runs',
          () =>
            kubectl.ok(
              `get pod talker -o jsonpath={.status.ephemeralContainerStatuses[?(@.name=="${name}")].state}`,
            ),
          (state) => state.includes('running'),
        );
        assert.match(await kubectl.ok(`exec talker -c ${name} -- ps`), /nginx/u);
      });
    });
  }
});
