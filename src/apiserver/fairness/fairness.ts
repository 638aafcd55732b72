import type { FlowSchemaSpec } from '#api/flowcontrol/flow-schema.ts';
import type { PriorityLevelConfigurationSpec } from '#api/flowcontrol/priority-level-configuration.ts';
import { StatusError } from '#api/status.ts';
import type { Attributes } from '#apiserver/authorize.ts';
import {
  type FlowControl,
  type FlowControlViews,
  flowControlInForce,
  type InForce,
} from '#apiserver/fairness/flow-control.ts';
import { flowRulesMatch } from '#apiserver/fairness/flow-match.ts';
import {
  type Leave,
  PriorityLevel,
  RETRY_AFTER_SECONDS,
  type SeatPool,
} from '#apiserver/fairness/priority-level.ts';
import type { ApiResponse, Sink, User } from '#apiserver/request.ts';
import type { Clock } from '#system/clock.ts';
import { sizeOfBytes } from '#system/http-bytes.ts';

/** Seats of all levels together: requests that are under way at the same time. One thread serves them all, so more would only wait. */
export const SEATS_MAX = 128;

/** Seats that one list takes at most: as upstream. */
const LIST_SEATS_MAX = 10;

/** Bytes read for a list that are worth one seat. */
const LIST_BYTES_PER_SEAT = 256 * 1024;

/** Collections whose last size is remembered; at it all are forgotten. */
const LIST_SIZES_MAX = 4096;

/** Watches of one user at the same time; a further one is 429. Whoever is exempt has no such limit. */
export const WATCHES_PER_USER_MAX = 4096;

/** Which requests belong together, and the level that they are of. */
export interface FlowClass {
  readonly schema: InForce<FlowSchemaSpec>;
  readonly level: PriorityLevel;
}

/**
 * API priority and fairness (KEP-1040): each request belongs to a flow of a priority level, takes seats of it while it is
 * worked on, and waits its flow's turn where there are none. A watch takes seats until it begins; beyond that it is counted.
 */
export class Fairness {
  readonly #views: FlowControlViews;
  readonly #clock: Clock;
  readonly #watches = new Map<string, number>();
  readonly #listBytes = new Map<string, number>();
  #inForce:
    | { readonly control: FlowControl; readonly flows: readonly FlowClass[]; readonly pool: SeatPool }
    | undefined;

  constructor(views: FlowControlViews, clock: Clock) {
    this.#views = views;
    this.#clock = clock;
    const forget = (): void => {
      this.#inForce = undefined;
    };
    views.schemas.subscribe(forget);
    views.levels.subscribe(forget);
  }

  /** Takes seats for a request, at once where there are some. Throws or rejects with 429 where it cannot be worked on soon. */
  enter({ schema, level }: FlowClass, user: User, attributes: Attributes): Leave | Promise<Leave> {
    if (isWatch(attributes) && !level.settings.isExempt) this.#assertFewWatches(user);
    return level.enter(distinguisherOf(schema, user, attributes), this.#widthOf(attributes));
  }

  /** Looks at the answer to a request: counts a watch until it ends, remembers how large a list was. */
  follow(user: User, attributes: Attributes, response: ApiResponse): ApiResponse {
    if (attributes.type !== 'resource' || response.status !== 200) return response;
    const { body } = response;
    if (body.type === 'stream')
      return attributes.verb === 'watch' ? this.#counted(user, response, body.start) : response;
    if (attributes.verb === 'list') this.#remember(attributes, response.readBytes ?? sizeOfBytes(body));
    return response;
  }

  /** The first schema that speaks of such a request. */
  classify(user: User, attributes: Attributes): FlowClass {
    const { flows } = (this.#inForce ??= this.#read());
    for (const flow of flows) if (flowRulesMatch(flow.schema.spec.rules ?? [], user, attributes)) return flow;
    // The last one takes everybody who has proved who he is.
    const last = flows.at(-1);
    if (last === undefined) throw new Error('the schema catch-all is always there');
    return last;
  }

  /** Levels whose settings are as they were go on with the seats that are in use. */
  #read() {
    const control = flowControlInForce(this.#views);
    const shares = control.levels.reduce((sum, { spec }) => sum + sharesOf(spec), 0);
    const pool: { total: number; levels: PriorityLevel[] } = { total: 0, levels: [] };
    for (const { name, uid, spec } of control.levels) {
      const settings = levelSettings({ name, uid, spec, shares });
      pool.levels.push(new PriorityLevel(settings, { clock: this.#clock, pool: () => pool }));
      pool.total += settings.seats;
    }
    const byName = new Map(pool.levels.map((level) => [level.settings.name, level]));
    const flows = control.schemas.flatMap((schema) => {
      const level = byName.get(schema.spec.priorityLevelConfiguration.name);
      return level === undefined ? [] : [{ schema, level }];
    });
    return { control, flows, pool };
  }

  #assertFewWatches(user: User): void {
    const count = this.#watches.get(user.name) ?? 0;
    if (count < WATCHES_PER_USER_MAX) return;
    throw new StatusError(
      'TooManyRequests',
      `too many requests, please try again later: user ${JSON.stringify(user.name)} has ${count} watches, at most ${WATCHES_PER_USER_MAX} are served`,
      { details: { retryAfterSeconds: RETRY_AFTER_SECONDS } },
    );
  }

  #counted(user: User, response: ApiResponse, start: (sink: Sink) => void): ApiResponse {
    return {
      ...response,
      body: {
        type: 'stream',
        start: (sink) => {
          this.#watches.set(user.name, (this.#watches.get(user.name) ?? 0) + 1);
          sink.closed.addEventListener('abort', () => this.#watchEnded(user), { once: true });
          start(sink);
        },
      },
    };
  }

  #watchEnded({ name }: User): void {
    const left = (this.#watches.get(name) ?? 1) - 1;
    if (left === 0) this.#watches.delete(name);
    else this.#watches.set(name, left);
  }

  #widthOf(attributes: Attributes): number {
    if (attributes.type !== 'resource') return 1;
    if (attributes.verb !== 'list' && attributes.verb !== 'watch') return 1;
    const bytes = this.#listBytes.get(collectionOf(attributes));
    // Nobody knows how much work the first list is: a flood of them must not find out.
    if (bytes === undefined) return LIST_SEATS_MAX;
    return Math.min(1 + Math.floor(bytes / LIST_BYTES_PER_SEAT), LIST_SEATS_MAX);
  }

  #remember(attributes: Extract<Attributes, { type: 'resource' }>, bytes: number): void {
    if (this.#listBytes.size >= LIST_SIZES_MAX) this.#listBytes.clear();
    this.#listBytes.set(collectionOf(attributes), bytes);
  }
}

function isWatch(attributes: Attributes): boolean {
  return attributes.type === 'resource' && attributes.verb === 'watch';
}

function collectionOf({
  group,
  resource,
  namespace = '',
}: Extract<Attributes, { type: 'resource' }>): string {
  return `${group}/${resource}/${namespace}`;
}

function distinguisherOf(
  { name, spec }: InForce<FlowSchemaSpec>,
  user: User,
  attributes: Attributes,
): string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return `${name}/${user.name}`;
    case 'ByNamespace':
      return `${name}/${attributes.type === 'resource' ? (attributes.namespace ?? '') : ''}`;
    default:
      return name;
  }
}

function sharesOf({ limited, exempt }: PriorityLevelConfigurationSpec): number {
  return limited?.nominalConcurrencyShares ?? exempt?.nominalConcurrencyShares ?? 0;
}

function levelSettings({
  name,
  uid,
  spec,
  shares,
}: InForce<PriorityLevelConfigurationSpec> & { shares: number }) {
  const { limited, exempt } = spec;
  const seats = Math.ceil((SEATS_MAX * sharesOf(spec)) / Math.max(1, shares));
  const lendablePercent = limited?.lendablePercent ?? exempt?.lendablePercent ?? 0;
  const borrowingPercent = limited?.borrowingLimitPercent;
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = limited?.limitResponse?.queuing ?? {};
  return {
    name,
    uid,
    isExempt: spec.type === 'Exempt',
    seats,
    lendableSeats: Math.round((seats * lendablePercent) / 100),
    borrowableSeats:
      borrowingPercent === undefined ? SEATS_MAX : Math.round((seats * borrowingPercent) / 100),
    queuing:
      limited?.limitResponse?.type === 'Queue'
        ? { queues, handSize, queueLengthMax: queueLengthLimit }
        : undefined,
  };
}
