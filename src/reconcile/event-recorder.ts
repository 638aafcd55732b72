import type { Event } from '#api/core/event.ts';
import { objectKey } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { Client } from '#client/client.ts';
import type { Action } from '#reconcile/controller.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import { type Random, randomSuffix } from '#system/random.ts';

type EventAction = Extract<Action, { type: 'event' }>;

interface Recorded {
  readonly name: { namespace: string; name: string };
  count: number;
  lastMs: number;
  /** Settles once everything told of it so far is written. */
  written: Promise<unknown>;
}

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly eventType: ResourceType<Event>;
}

/** The same event within this time raises the count of the first, in milliseconds; later it is a new one. */
const SERIES_MS = 10 * 60_000;

/** Events that are being written; at the limit further ones are dropped: they must not hold up the work they tell of. */
const WRITING_MAX = 1024;

/** Distinct events remembered; at the limit the oldest is forgotten, and would be written anew. */
const REMEMBERED_MAX = 4096;

/**
 * Writes core/v1 Events with the counts that `kubectl describe` shows. An event that cannot be written is logged and
 * dropped: no work waits for it.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #recorded = new Map<string, Recorded>();
  #writing = 0;
  #composed = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Takes an event to be written soon; the same one again within minutes raises its count. */
  record(
    component: string,
    action: Pick<EventAction, 'regarding' | 'eventType' | 'reason' | 'message'>,
  ): void {
    if (this.#writing >= WRITING_MAX) {
      this.#options.log.debug('an event was dropped: too many wait', {
        reason: action.reason,
        object: objectKey(action.regarding),
      });
      return;
    }
    this.#writing += 1;
    void this.#record(component, action)
      .catch((error: unknown) => {
        this.#options.log.debug('an event was not written', {
          reason: action.reason,
          object: objectKey(action.regarding),
          error,
        });
      })
      .finally(() => {
        this.#writing -= 1;
      });
  }

  async #record(
    component: string,
    action: Pick<EventAction, 'regarding' | 'eventType' | 'reason' | 'message'>,
  ): Promise<void> {
    const { client, clock, eventType } = this.#options;
    const nowMs = clock.now();
    const identity = [component, action.regarding.metadata.uid, action.reason, action.message].join('\n');
    const known = this.#recorded.get(identity);
    if (known === undefined || nowMs - known.lastMs >= SERIES_MS) {
      const event = this.#compose(component, action);
      const written = client.create(eventType, event);
      const recorded = { name: event.metadata, count: 1, lastMs: nowMs, written };
      this.#remember(identity, recorded);
      try {
        await written;
      } catch (error) {
        // There is nothing to count up: the next one is written anew.
        if (this.#recorded.get(identity) === recorded) this.#recorded.delete(identity);
        throw error;
      }
      return;
    }
    known.count += 1;
    known.lastMs = nowMs;
    const patch = { count: known.count, lastTimestamp: timestamp(nowMs) };
    const write = () => client.patch(eventType, known.name, { patchType: 'merge', patch });
    known.written = known.written.then(write, write);
    await known.written;
  }

  #compose(component: string, action: Pick<EventAction, 'regarding' | 'eventType' | 'reason' | 'message'>) {
    const { regarding } = action;
    const { namespace } = regarding.metadata;
    const at = timestamp(this.#options.clock.now());
    return {
      apiVersion: 'v1' as const,
      kind: 'Event' as const,
      metadata: {
        // As in Kubernetes, events of what is in no namespace stand in this one, and name none.
        namespace: namespace ?? 'default',
        name: `${regarding.metadata.name.slice(0, 200)}.${this.#suffix()}`,
      },
      involvedObject: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name: regarding.metadata.name,
        ...(namespace === undefined ? {} : { namespace }),
        uid: regarding.metadata.uid,
        resourceVersion: regarding.metadata.resourceVersion,
      },
      type: action.eventType,
      reason: action.reason,
      message: action.message.slice(0, 1024),
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
  }

  /** Rises with time: kubectl shows events of one second in the order of their names. */
  #suffix(): string {
    const { clock, random } = this.#options;
    this.#composed += 1;
    const time = Math.floor(clock.now()).toString(16).padStart(12, '0');
    const order = (this.#composed % 256).toString(16).padStart(2, '0');
    return `${time}${order}${randomSuffix(random, 5)}`;
  }

  #remember(identity: string, recorded: Recorded): void {
    this.#recorded.delete(identity);
    this.#recorded.set(identity, recorded);
    const [oldest] = this.#recorded.keys();
    if (this.#recorded.size > REMEMBERED_MAX && oldest !== undefined) this.#recorded.delete(oldest);
  }
}
