import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuntimeUnavailableError } from '#cri/runtime.ts';
import { attemptProbe } from '#kubelet/probes/attempt-probe.ts';
import { type ProbeLoop, runProbeLoop } from '#kubelet/probes/probe-loop.ts';
import { advance, NO_PROGRESS, timingOf } from '#kubelet/probes/probe-progress.ts';
import { createSimulatedProber, type ProbeResult } from '#system/probe.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

test('a verdict turns when a threshold is reached in a row', () => {
  const timing = timingOf({ successThreshold: 2, failureThreshold: 3 });
  const verdicts = (attempts: string): string => {
    let progress = NO_PROGRESS;
    return attempts
      .split('')
      .map((attempt) => {
        progress = advance(progress, attempt === '+', timing);
        return progress.passes === undefined ? '?' : progress.passes ? 'y' : 'n';
      })
      .join('');
  };
  assert.equal(verdicts('++--+---++'), '?yyyyyyn' + 'ny');
});

test('what a probe leaves out is as Kubernetes has it', () => {
  assert.deepEqual(timingOf({}), {
    initialDelayMs: 0,
    periodMs: 10_000,
    timeoutMs: 1000,
    successThreshold: 1,
    failureThreshold: 3,
  });
});

/** When attempts are made, and what counts: `ms` or `ms!`. */
async function times(
  loop: Partial<ProbeLoop>,
  answers: (atMs: number) => boolean | undefined,
  durationMs: number,
): Promise<string[]> {
  const clock = new SimulatedClock();
  const seen: string[] = [];
  const stop = new AbortController();
  const running = runProbeLoop(
    {
      probe: {},
      clock,
      runningForMs: 0,
      initially: undefined,
      eager: false,
      attempt: async () => {
        seen.push(String(clock.monotonic()));
        const ok = answers(clock.monotonic());
        return ok === undefined ? undefined : ok ? { ok } : { ok, message: 'no' };
      },
      onProgress: () => seen.push(`${seen.pop()}!`),
      isOver: () => false,
      ...loop,
    },
    stop.signal,
  );
  await clock.advance(durationMs);
  stop.abort();
  await running;
  return seen;
}

test('a probe is tried after its initial delay, once in each period', async () => {
  assert.deepEqual(await times({ probe: { initialDelaySeconds: 5 } }, () => true, 26_000), [
    '5000!',
    '15000!',
    '25000!',
  ]);
  assert.deepEqual(
    await times({ probe: { initialDelaySeconds: 5 }, runningForMs: 4000 }, () => true, 12_000),
    ['1000!', '11000!'],
  );
});

test('what is awaited is looked for eagerly, and failures count once in a period only', async () => {
  const seen = await times({ eager: true }, (atMs) => atMs >= 12_000, 31_000);
  assert.deepEqual(seen, ['0', '250', '750', '1750', '3750', '7750', '10000!', '20000!', '30000!']);
  const soon = await times({ eager: true }, (atMs) => atMs >= 600, 21_000);
  assert.deepEqual(soon, ['0', '250', '750!', '10750!', '20750!']);
});

test('a container that was ready is not looked at eagerly', async () => {
  assert.deepEqual(await times({ eager: true, initially: true }, () => false, 11_000), ['0!', '10000!']);
});

test('what cannot be said counts for nothing', async () => {
  assert.deepEqual(await times({}, () => undefined, 11_000), ['0', '10000']);
});

const spec = { name: 'main', ports: [{ name: 'http', containerPort: 8080 }] };
const target = { containerId: 'c', spec, address: '10.0.0.1' };

test('each handler asks for what it says', async () => {
  const asked: string[] = [];
  const prober = createSimulatedProber(({ type, host, port, path }) => {
    asked.push(`${type} ${host}:${port}${path}`);
    return { ok: true };
  });
  const runtime = {
    execSync: async (_id: string, command: readonly string[]) => ({
      exitCode: command[0] === 'bad' ? 3 : 0,
      stdout: 'out ',
      stderr: 'err',
    }),
  } as never;
  const attempt = (probe: Parameters<typeof attemptProbe>[0]): Promise<ProbeResult | undefined> =>
    attemptProbe(probe, target, { prober, runtime, timeoutMs: 1000 });
  await attempt({ httpGet: { port: 'http', path: '/healthz' } });
  await attempt({ httpGet: { port: 80, host: 'example.com' } });
  await attempt({ tcpSocket: { port: 5432 } });
  await attempt({ grpc: { port: 50_051, service: 'chat' } });
  assert.deepEqual(asked, [
    'http 10.0.0.1:8080/healthz',
    'http example.com:80/',
    'tcp 10.0.0.1:5432',
    'grpc 10.0.0.1:50051chat',
  ]);
  assert.deepEqual(await attempt({ exec: { command: ['good'] } }), { ok: true });
  assert.deepEqual(await attempt({ exec: { command: ['bad'] } }), { ok: false, message: 'out err' });
  assert.deepEqual(await attempt({ httpGet: { port: 'none' } }), {
    ok: false,
    message: 'container "main" has no port "none"',
  });
});

test('a runtime that does not answer says nothing about a container', async () => {
  const runtime = { execSync: () => Promise.reject(new RuntimeUnavailableError('away')) } as never;
  const prober = createSimulatedProber(() => ({ ok: true }));
  assert.equal(
    await attemptProbe({ exec: { command: ['x'] } }, target, { prober, runtime, timeoutMs: 1000 }),
    undefined,
  );
});
