import type { SchemaSet } from '#api/schema.ts';
import type { AdmissionChain } from '#apiserver/admission/chain.ts';
import type { CreationsUnderWay } from '#apiserver/admission/namespace-lifecycle.ts';
import type { Convert } from '#apiserver/custom/stored-form.ts';
import type { ObjectTurns } from '#apiserver/object-turns.ts';
import type { User } from '#apiserver/request.ts';
import type { RequestNotes } from '#apiserver/request-notes.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** What the verbs work with. */
export interface RestContext {
  readonly store: Store;
  readonly schemas: SchemaSet;
  readonly admission: AdmissionChain;
  readonly creations: CreationsUnderWay;
  readonly turns: ObjectTurns;
  /** How objects of a custom kind get from one version into another. */
  readonly convert: Convert;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What a client says about a write, beside the object. */
export interface WriteRequest {
  readonly user: User;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly notes: RequestNotes;
}
