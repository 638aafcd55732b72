import type { Container as ContainerSpec } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import type { Probe } from '#api/core/probe.ts';
import type { Container } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import type { ContainerHealth } from '#kubelet/pod-facts.ts';
import { attemptProbe, type ProbeTarget } from '#kubelet/probes/attempt-probe.ts';
import { runProbeLoop } from '#kubelet/probes/probe-loop.ts';
import type { ProbeProgress } from '#kubelet/probes/probe-progress.ts';
import type { ProbeResult } from '#system/probe.ts';

type ProbeType = 'startup' | 'readiness' | 'liveness';

const TITLES: Readonly<Record<ProbeType, string>> = {
  startup: 'Startup',
  readiness: 'Readiness',
  liveness: 'Liveness',
};

/** A running container of a pod, as the runner is to look after it. */
export interface Probed {
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly container: Container;
  readonly address: string;
  /** What is known of it from before this process began: a container that was ready stays so until a probe says otherwise. */
  readonly known: { readonly started: boolean; readonly ready: boolean };
}

interface Tracked {
  health: ContainerHealth;
  readonly uid: string;
  readonly stop: AbortController;
}

type RunnerHost = Pick<KubeletHost, 'clock' | 'prober' | 'runtime' | 'announce'>;

/** Runs the probes of all running containers. What it finds is read by {@link health}; nothing of it is kept anywhere. */
export class ProbeRunner {
  readonly #host: RunnerHost;
  readonly #onChange: (uid: string) => void;
  readonly #tracked = new Map<string, Tracked>();

  constructor(host: RunnerHost, onChange: (uid: string) => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  /** By container id; undefined for one that is not tracked. */
  health(containerId: string): ContainerHealth | undefined {
    return this.#tracked.get(containerId)?.health;
  }

  /** These are the running containers of a pod: those that are new are probed from now on, those that are gone no more. */
  track(uid: string, running: readonly Probed[]): void {
    const ids = new Set(running.map(({ container }) => container.id));
    for (const [id, tracked] of this.#tracked) {
      if (tracked.uid !== uid || ids.has(id)) continue;
      tracked.stop.abort();
      this.#tracked.delete(id);
    }
    for (const probed of running) if (!this.#tracked.has(probed.container.id)) this.#begin(uid, probed);
  }

  /** Ends all probes. */
  stop(): void {
    for (const { stop } of this.#tracked.values()) stop.abort();
    this.#tracked.clear();
  }

  #begin(uid: string, probed: Probed): void {
    const { startupProbe, readinessProbe } = probed.spec;
    const started = startupProbe === undefined || probed.known.started;
    const ready = started && (readinessProbe === undefined || probed.known.ready);
    const tracked: Tracked = {
      health: { started, ready, ailment: undefined },
      uid,
      stop: new AbortController(),
    };
    this.#tracked.set(probed.container.id, tracked);
    if (startupProbe !== undefined && !started)
      this.#loop(tracked, probed, { type: 'startup', probe: startupProbe });
    else this.#beginAfterStart(tracked, probed);
  }

  #beginAfterStart(tracked: Tracked, probed: Probed): void {
    const { readinessProbe, livenessProbe } = probed.spec;
    if (readinessProbe !== undefined)
      this.#loop(tracked, probed, { type: 'readiness', probe: readinessProbe });
    if (livenessProbe !== undefined) this.#loop(tracked, probed, { type: 'liveness', probe: livenessProbe });
  }

  #loop(tracked: Tracked, probed: Probed, { type, probe }: { type: ProbeType; probe: Probe }): void {
    const { clock, prober, runtime } = this.#host;
    const { container, spec, address } = probed;
    const target: ProbeTarget = { containerId: container.id, spec, address };
    const startedMs = container.state.type === 'running' ? container.state.startedMs : clock.now();
    const loop = {
      probe,
      clock,
      runningForMs: Math.max(0, clock.now() - startedMs),
      initially: type === 'readiness' && tracked.health.ready ? true : undefined,
      eager: type !== 'liveness',
      attempt: (timeoutMs: number) => attemptProbe(probe, target, { prober, runtime, timeoutMs }),
      onProgress: (progress: ProbeProgress, result: ProbeResult) =>
        this.#take(tracked, probed, { type, probe, progress, result }),
      // Readiness goes on for ever; the others are over when they have said their word.
      isOver: (progress: ProbeProgress) =>
        (type === 'startup' && progress.passes !== undefined) ||
        (type === 'liveness' && progress.passes === false),
    };
    void runProbeLoop(loop, tracked.stop.signal);
  }

  #take(
    tracked: Tracked,
    probed: Probed,
    {
      type,
      probe,
      progress,
      result,
    }: { type: ProbeType; probe: Probe; progress: ProbeProgress; result: ProbeResult },
  ): void {
    if (!result.ok)
      this.#announceFailure(probed.pod, { type, message: result.message, failures: progress.failures });
    const next = healthAfter(tracked.health, {
      type,
      probe,
      progress,
      isReadyOnceStarted: probed.spec.readinessProbe === undefined,
    });
    if (next === tracked.health) return;
    const hasStarted = next.started && !tracked.health.started;
    tracked.health = next;
    if (hasStarted) this.#beginAfterStart(tracked, probed);
    this.#onChange(tracked.uid);
  }

  /** A probe that goes on failing is told of ever more rarely. */
  #announceFailure(
    pod: Pod,
    { type, message, failures }: { type: ProbeType; message: string; failures: number },
  ): void {
    if ((failures & (failures - 1)) !== 0) return;
    this.#host.announce(pod, {
      eventType: 'Warning',
      reason: 'Unhealthy',
      message: `${TITLES[type]} probe failed: ${message}`,
    });
  }
}

/** The health that a probe's progress leads to; the same object where it changes nothing. */
function healthAfter(
  health: ContainerHealth,
  found: { type: ProbeType; probe: Probe; progress: ProbeProgress; isReadyOnceStarted: boolean },
): ContainerHealth {
  const { type, probe, progress } = found;
  if (type === 'readiness') {
    const ready = progress.passes === true;
    return ready === health.ready ? health : { ...health, ready };
  }
  if (progress.passes === false && health.ailment === undefined) {
    const grace = probe.terminationGracePeriodSeconds;
    return { ...health, ailment: { type, ...(grace === undefined ? {} : { graceSeconds: grace }) } };
  }
  const hasStarted = type === 'startup' && progress.passes === true && !health.started;
  return hasStarted ? { ...health, started: true, ready: found.isReadyOnceStarted } : health;
}
