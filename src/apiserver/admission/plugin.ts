import type { Namespace } from '#api/core/namespace.ts';
import type { DeleteOptions } from '#api/meta/delete-options.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { User } from '#apiserver/request.ts';
import type { RequestNotes } from '#apiserver/request-notes.ts';
import type { Operation } from '#store/store.ts';

/** What is being done, as rules of webhooks and policies name it, in lower case. */
export type AdmissionOperation = 'create' | 'update' | 'delete' | 'connect';

/** What kind of request it is: all that a plugin may judge by whether it takes part. */
export interface AdmissionTarget {
  readonly operation: AdmissionOperation;
  /** The kind in the path. */
  readonly type: ResourceType;
  readonly subresource: string | undefined;
}

/** A request on its way in, as far as its client and its route determine it. */
export interface AdmissionAttributes extends AdmissionTarget {
  /** Kind of `object` where it is not the one of `type`: Eviction, Binding, Scale, PodExecOptions. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** Of the object in the path; `object.metadata.name` where absent. */
  readonly name?: string;
  readonly namespace?: string | undefined;
  /**
   * What is to be written; the mutating phase may change it in place. On delete the object that is to go (a webhook or policy
   * sees none there), on connect the options.
   */
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly user: User;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** On delete. */
  readonly deleteOptions?: DeleteOptions;
  readonly notes: RequestNotes;
}

/** One request as the plugins see it. */
export interface AdmissionRequest extends AdmissionAttributes {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly name: string;
  /** As in `AdmissionReview`: a Namespace is in itself; undefined for what is cluster-wide. */
  readonly namespace: string | undefined;
  /** 1; 2 where a plugin asked by {@link reinvoke} that the mutating phase runs once more. */
  readonly pass: number;
  /** Committed in one with the object, each with a precondition. Begun anew with each validating phase. */
  readonly operations: Operation[];
  /** The namespace of the request as it is stored; undefined where there is none. */
  namespaceObject(): Promise<Namespace | undefined>;
  /** After this pass of the mutating phase there is another one, but never a third. */
  reinvoke(): void;
  /** Runs `release` when the request is over, whatever became of it. */
  onEnd(release: () => void): void;
}

/**
 * A step that every write passes which it handles. First all `mutate` in the order of the list, then defaults and the schema's
 * validation, then all `validate`. Either may throw a StatusError. `mutate` changes `object` in place, and finds its own work
 * done when it is called again; `validate` changes nothing.
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Whether it looks at such requests at all. Asked once for each kind of request, and remembered. */
  readonly handles: (target: AdmissionTarget) => boolean;
  readonly mutate?: (request: AdmissionRequest) => Promise<void> | void;
  readonly validate?: (request: AdmissionRequest) => Promise<void> | void;
  /**
   * What is committed in one with `written`, the operation on the object itself: asked for before each commit. Where one of
   * them fails its precondition, the request begins again with the object as it was sent.
   */
  readonly accompany?: (request: AdmissionRequest, written: Operation) => Promise<readonly Operation[]>;
}
