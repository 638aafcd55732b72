import { unsupportedValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';
import { BASELINE_CHECKS } from '#apiserver/admission/pod-security/baseline-checks.ts';
import type { CheckedPod, SecurityCheck, Violation } from '#apiserver/admission/pod-security/check.ts';
import { RESTRICTED_CHECKS } from '#apiserver/admission/pod-security/restricted-checks.ts';

const LABEL_PREFIX = 'pod-security.kubernetes.io/';
const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
const VERSION = /^(?:latest|v1\.(?:0|[1-9]\d{0,5}))$/;
/** Above every minor version that a standard names. */
const LATEST = Number.MAX_SAFE_INTEGER;

type Level = (typeof LEVELS)[number];

/** A level of the Pod Security Standards, as of a version of Kubernetes. */
export interface LevelVersion {
  readonly level: Level;
  /** As written: `latest`, `v1.31`. */
  readonly version: string;
}

/** What a namespace asks of its pods. */
export interface SecurityPolicy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

type Labels = Readonly<Record<string, string>>;

const PRIVILEGED: LevelVersion = { level: 'privileged', version: 'latest' };

/** The policy that a namespace's labels state. Warnings are at least as strict as what is enforced; what cannot be read is restricted. */
export function policyOf(labels: Labels = {}): SecurityPolicy {
  const enforce = readLevel(labels, 'enforce', PRIVILEGED);
  return {
    enforce,
    audit: readLevel(labels, 'audit', PRIVILEGED),
    // As upstream: who enforces a level is warned of workloads that it will stop.
    warn: readLevel(labels, 'warn', labels[`${LABEL_PREFIX}enforce`] === undefined ? PRIVILEGED : enforce),
  };
}

function readLevel(labels: Labels, mode: string, otherwise: LevelVersion): LevelVersion {
  const level = labels[`${LABEL_PREFIX}${mode}`];
  const version = labels[`${LABEL_PREFIX}${mode}-version`] ?? 'latest';
  if (level === undefined) return otherwise;
  if (!isLevel(level)) return { level: mode === 'enforce' ? 'restricted' : 'privileged', version: 'latest' };
  return { level, version: VERSION.test(version) ? version : 'latest' };
}

function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text);
}

/** What is wrong with a namespace's labels. */
export function labelErrors(labels: Labels = {}): FieldError[] {
  return ['enforce', 'audit', 'warn'].flatMap((mode) => {
    const level = labels[`${LABEL_PREFIX}${mode}`];
    const version = labels[`${LABEL_PREFIX}${mode}-version`];
    const field = (suffix: string): string => `metadata.labels[${LABEL_PREFIX}${mode}${suffix}]`;
    return [
      ...(level === undefined || isLevel(level) ? [] : [unsupportedValue(field(''), level, LEVELS)]),
      ...(version === undefined || VERSION.test(version)
        ? []
        : [
            {
              type: 'Invalid' as const,
              field: field('-version'),
              value: version,
              detail: 'must be "latest" or "v1.x"',
            },
          ]),
    ];
  });
}

/** `restricted:latest`. */
export function describeLevel({ level, version }: LevelVersion): string {
  return `${level}:${version}`;
}

/** Whether `next` refuses something that `before` let pass. */
export function isStricter(next: LevelVersion, before: LevelVersion): boolean {
  if (next.level === 'privileged') return false;
  return next.level !== before.level
    ? LEVELS.indexOf(next.level) > LEVELS.indexOf(before.level)
    : next.version !== before.version;
}

/** Every control that a pod is against, in upstream's order: those of baseline first. */
export function violationsOf(pod: CheckedPod, { level, version }: LevelVersion): Violation[] {
  if (level === 'privileged') return [];
  const minor = version === 'latest' ? LATEST : Number(version.slice('v1.'.length));
  return checksOf(level, minor).flatMap((check) => check.find(pod, minor) ?? []);
}

function checksOf(level: Exclude<Level, 'privileged'>, minor: number): SecurityCheck[] {
  const inForce = (check: SecurityCheck): boolean => check.since <= minor;
  if (level === 'baseline') return BASELINE_CHECKS.filter(inForce);
  const restricted = RESTRICTED_CHECKS.filter(inForce);
  const overridden = new Set(restricted.flatMap(({ overrides = [] }) => overrides));
  return [...BASELINE_CHECKS.filter((check) => inForce(check) && !overridden.has(check.id)), ...restricted];
}

/** `privileged (container "a" must not set …), hostPort (…)`. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations
    .map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`))
    .join(', ');
}
