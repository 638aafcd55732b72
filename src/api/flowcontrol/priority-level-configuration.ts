import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkNonNegative, checkOneOf, checkRange } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
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
  queuing.queues ??= QUEUES_DEFAULT;
  queuing.handSize ??= HAND_SIZE_DEFAULT;
  queuing.queueLengthLimit ??= QUEUE_LENGTH_DEFAULT;
}

function validateLevel({ spec }: PriorityLevelConfiguration): FieldError[] {
  switch (spec.type) {
    case 'Exempt':
      return spec.limited === undefined
        ? []
        : [forbiddenField('spec.limited', 'must be nil if the type is not Limited')];
    case 'Limited':
      return [
        ...(spec.exempt === undefined
          ? []
          : [forbiddenField('spec.exempt', 'must be nil if the type is Limited')]),
        ...(spec.limited === undefined
          ? [requiredValue('spec.limited', 'must not be empty when type is Limited')]
          : validateLimited(spec.limited)),
      ];
    default:
      return checkOneOf('spec.type', spec.type, ['Exempt', 'Limited']);
  }
}

function validateLimited(limited: LimitedPriorityLevel): FieldError[] {
  const { limitResponse } = limited;
  return [
    ...checkNonNegative('spec.limited.nominalConcurrencyShares', limited.nominalConcurrencyShares),
    ...checkRange('spec.limited.lendablePercent', limited.lendablePercent ?? 0, { min: 0, max: 100 }),
    ...checkNonNegative('spec.limited.borrowingLimitPercent', limited.borrowingLimitPercent),
    ...checkOneOf('spec.limited.limitResponse.type', limitResponse?.type, ['Queue', 'Reject']),
    ...(limitResponse?.type === 'Reject' && limitResponse.queuing !== undefined
      ? [
          forbiddenField(
            'spec.limited.limitResponse.queuing',
            'must be nil if limited.limitResponse.type is not Queue',
          ),
        ]
      : []),
    ...(limitResponse?.type === 'Queue' ? validateQueuing(limitResponse.queuing) : []),
  ];
}

function validateQueuing(queuing: QueuingConfiguration | undefined): FieldError[] {
  const field = 'spec.limited.limitResponse.queuing';
  if (queuing === undefined)
    return [requiredValue(field, 'must not be empty if limited.limitResponse.type is Queue')];
  const {
    queues = QUEUES_DEFAULT,
    handSize = HAND_SIZE_DEFAULT,
    queueLengthLimit = QUEUE_LENGTH_DEFAULT,
  } = queuing;
  return [
    ...checkRange(`${field}.queues`, queues, { min: 1, max: QUEUES_MAX }),
    ...checkRange(`${field}.queueLengthLimit`, queueLengthLimit, { min: 1, max: 2 ** 31 - 1 }),
    ...(handSize < 1 ? [invalidValue(`${field}.handSize`, handSize, 'must be positive')] : []),
    ...(handSize > queues
      ? [invalidValue(`${field}.handSize`, handSize, `should not be greater than queues (${queues})`)]
      : []),
  ];
}
