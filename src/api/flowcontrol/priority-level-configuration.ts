import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkRange } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { checkFlowConditions } from '#api/flowcontrol/condition-rules.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfiguration`: how many requests of a level run, and what becomes of more. */
export interface PriorityLevelConfiguration extends KubeObject {
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1';
  kind: 'PriorityLevelConfiguration';
  spec: PriorityLevelConfigurationSpec;
  status?: { conditions?: Partial<Condition>[] };
}

/** `flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfigurationSpec`. */
export interface PriorityLevelConfigurationSpec {
  exempt?: { lendablePercent?: number; nominalConcurrencyShares?: number };
  limited?: LimitedPriorityLevel;
  type: string;
}

/** `flowcontrol.apiserver.k8s.io/v1.LimitedPriorityLevelConfiguration`. */
export interface LimitedPriorityLevel {
  borrowingLimitPercent?: number;
  lendablePercent?: number;
  limitResponse?: { queuing?: QueuingConfiguration; type: string };
  nominalConcurrencyShares?: number;
}

/** `flowcontrol.apiserver.k8s.io/v1.QueuingConfiguration`. */
export interface QueuingConfiguration {
  handSize?: number;
  queueLengthLimit?: number;
  queues?: number;
}

/** As its columns see it: they are made of any object that the schema admits. */
type LevelFields = KubeObject & { spec: Partial<PriorityLevelConfigurationSpec> };

const SHARES_DEFAULT = 30;
const QUEUES_DEFAULT = 64;
const HAND_SIZE_DEFAULT = 8;
const QUEUE_LENGTH_DEFAULT = 50;

/** The most queues of a level, as upstream. */
const QUEUES_MAX = 10_000_000;
/** Of the hash by which a flow's queues are chosen, in bits; a larger hand of more queues is refused. */
const HASH_BITS_MAX = 60;

/** `prioritylevelconfigurations.flowcontrol.apiserver.k8s.io`. */
export const priorityLevelConfigurationResource: ResourceType<PriorityLevelConfiguration> =
  defineResource<PriorityLevelConfiguration>({
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    kind: 'PriorityLevelConfiguration',
    plural: 'prioritylevelconfigurations',
    namespaced: false,
    subresources: ['status'],
    schema: 'flowcontrol/v1.PriorityLevelConfiguration',
    fillsZeros: true,
    validateStatus: ({ status }) => checkFlowConditions(status?.conditions),
    applyDefaults: defaultLevel,
    validate: validateLevel,
    columns: [
      NAME_COLUMN,
      textColumn('Type', 'Whether it is limited.', ({ spec }: LevelFields) => spec.type ?? ''),
      textColumn('NominalConcurrencyShares', 'Its part of all seats.', ({ spec }) =>
        text(spec.limited?.nominalConcurrencyShares ?? spec.exempt?.nominalConcurrencyShares),
      ),
      textColumn('Queues', 'How many queues it has.', ({ spec }) => text(queuingOf(spec)?.queues)),
      textColumn('HandSize', 'How many queues a flow chooses from.', ({ spec }) =>
        text(queuingOf(spec)?.handSize),
      ),
      textColumn('QueueLengthLimit', 'How many wait in a queue.', ({ spec }) =>
        text(queuingOf(spec)?.queueLengthLimit),
      ),
      AGE_COLUMN,
    ],
  });

function queuingOf({ limited }: PriorityLevelConfigurationSpec): QueuingConfiguration | undefined {
  return limited?.limitResponse?.queuing;
}

function text(value: number | undefined): string {
  return value === undefined ? NONE : String(value);
}

function defaultLevel({ spec }: PriorityLevelConfiguration): void {
  if (spec.type === 'Exempt') {
    spec.exempt ??= {};
    spec.exempt.nominalConcurrencyShares ??= 0;
    spec.exempt.lendablePercent ??= 0;
  }
  const { limited } = spec;
  if (limited === undefined) return;
  limited.nominalConcurrencyShares ??= SHARES_DEFAULT;
  limited.lendablePercent ??= 0;
  const { queuing } = limited.limitResponse ?? {};
  if (queuing === undefined) return;
  queuing.queues ||= QUEUES_DEFAULT;
  queuing.handSize ||= HAND_SIZE_DEFAULT;
  queuing.queueLengthLimit ||= QUEUE_LENGTH_DEFAULT;
}

function validateLevel({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const { type, limited, exempt } = spec;
  const isMisnamed = (metadata.name === 'exempt') !== (type === 'Exempt');
  const detail = "type must be 'Exempt' if and only if name is 'exempt'";
  const errors = isMisnamed ? [invalidValue('spec.type', type, detail)] : [];
  switch (type) {
    case 'Exempt':
      return [
        ...errors,
        ...(limited === undefined
          ? []
          : [forbiddenField('spec.limited', 'must be nil if the type is not Limited')]),
        ...checkShare('spec.exempt', exempt ?? {}),
      ];
    case 'Limited':
      return [
        ...errors,
        ...(exempt === undefined
          ? []
          : [forbiddenField('spec.exempt', 'must be nil if the type is Limited')]),
        ...(limited === undefined
          ? [requiredValue('spec.limited', 'must not be empty when type is Limited')]
          : validateLimited(limited)),
      ];
    default:
      return [...errors, unsupportedValue('spec.type', type, ['Exempt', 'Limited'])];
  }
}

/** How many seats a level has, and which part of them it lends. */
function checkShare(
  field: string,
  {
    nominalConcurrencyShares,
    lendablePercent,
  }: { nominalConcurrencyShares?: number; lendablePercent?: number },
): FieldError[] {
  return [
    ...checkNotNegative(
      `${field}.nominalConcurrencyShares`,
      nominalConcurrencyShares,
      'must be a non-negative integer',
    ),
    ...checkRange(`${field}.lendablePercent`, lendablePercent, { min: 0, max: 100 }),
  ];
}

function checkNotNegative(field: string, value: number | undefined, detail: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(field, value, detail)] : [];
}

function validateLimited(limited: LimitedPriorityLevel): FieldError[] {
  return [
    ...checkShare('spec.limited', limited),
    ...validateResponse('spec.limited.limitResponse', limited.limitResponse ?? { type: '' }),
    ...checkNotNegative(
      'spec.limited.borrowingLimitPercent',
      limited.borrowingLimitPercent,
      'if specified, must be a non-negative integer',
    ),
  ];
}

function validateResponse(
  field: string,
  { type, queuing }: NonNullable<LimitedPriorityLevel['limitResponse']>,
): FieldError[] {
  const path = `${field}.queuing`;
  switch (type) {
    case 'Reject':
      return queuing === undefined
        ? []
        : [forbiddenField(path, 'must be nil if limited.limitResponse.type is not Limited')];
    case 'Queue':
      return queuing === undefined
        ? [requiredValue(path, 'must not be empty if limited.limitResponse.type is Limited')]
        : validateQueuing(path, queuing);
    default:
      return [unsupportedValue(`${field}.type`, type, ['Queue', 'Reject'])];
  }
}

function validateQueuing(
  field: string,
  {
    queues = QUEUES_DEFAULT,
    handSize = HAND_SIZE_DEFAULT,
    queueLengthLimit = QUEUE_LENGTH_DEFAULT,
  }: QueuingConfiguration,
): FieldError[] {
  return [
    ...checkAboveZero(`${field}.queueLengthLimit`, queueLengthLimit),
    ...checkAboveZero(`${field}.queues`, queues),
    ...(queues > QUEUES_MAX
      ? [invalidValue(`${field}.queues`, queues, `must not be greater than ${QUEUES_MAX}`)]
      : []),
    ...checkHand(`${field}.handSize`, handSize, queues),
  ];
}

function checkAboveZero(field: string, value: number): FieldError[] {
  return value <= 0 ? [invalidValue(field, value, 'must be positive')] : [];
}

/** A flow's hand is dealt from the queues by a hash, which has only so many bits. */
function checkHand(field: string, handSize: number, queues: number): FieldError[] {
  if (handSize <= 0) return checkAboveZero(field, handSize);
  if (handSize > queues)
    return [invalidValue(field, handSize, `should not be greater than queues (${queues})`)];
  const bits = Math.ceil(Math.log2(queues) * handSize);
  const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`;
  return bits > HASH_BITS_MAX ? [invalidValue(field, handSize, detail)] : [];
}
