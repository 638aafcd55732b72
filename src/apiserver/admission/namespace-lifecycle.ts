import { namespaceResource } from '#api/core/namespace.ts';
import type { KubeObject } from '#api/object.ts';
import { forbidden, notFound, StatusError } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import { checkUnchanged } from '#apiserver/stored-object.ts';

/** Namespaces that the system itself lives in: never deleted. */
const IMMORTAL_NAMESPACES = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** What is asked and answered about a namespace that may be going. */
const REVIEWS = new Set(['localsubjectaccessreviews']);

/**
 * The creations that are under way, by namespace: between the look at the namespace and the commit. A namespace is finalised
 * only while there are none, so that nothing lands in it after it was found empty.
 */
export class CreationsUnderWay {
  readonly #counts = new Map<string, number>();

  /** How many there are. */
  of(namespace: string): number {
    return this.#counts.get(namespace) ?? 0;
  }

  /** One more, until the returned function is called. */
  enter(namespace: string): () => void {
    this.#counts.set(namespace, this.of(namespace) + 1);
    return () => {
      const left = this.of(namespace) - 1;
      if (left === 0) this.#counts.delete(namespace);
      else this.#counts.set(namespace, left);
    };
  }
}

export interface NamespaceLifecycleOptions {
  readonly underWay: CreationsUnderWay;
  /** Whether other processes create on the same store: they see nothing of `underWay`. */
  readonly shared: boolean;
}

/**
 * Kubernetes' NamespaceLifecycle: nothing is made in a namespace that is not there, or that is going. A creation that was let
 * in before its namespace began to go is held against that: by the count of those under way in this process, and where others
 * write too, by a check in the commit that the namespace is still the one that was looked at.
 */
export function namespaceLifecycle({ underWay, shared }: NamespaceLifecycleOptions): AdmissionPlugin {
  const looked = new WeakMap<AdmissionRequest, KubeObject>();
  const isCreation = ({ operation }: Pick<AdmissionRequest, 'operation'>): boolean => operation === 'create';
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation, type, subresource }) =>
      (operation === 'create' && type.namespaced && subresource === undefined && !REVIEWS.has(type.plural)) ||
      (operation === 'delete' && type.group === '' && type.plural === 'namespaces'),
    async mutate(request) {
      if (!isCreation(request)) return assertMortal(request.name);
      if (request.pass > 1) return;
      request.onEnd(underWay.enter(request.namespace ?? ''));
      const namespace = await livingNamespace(request);
      if (shared) looked.set(request, namespace);
    },
    async validate(request) {
      if (!shared || !isCreation(request)) return;
      // Asked again, the namespace was changed meanwhile.
      const namespace = looked.get(request) ?? (await livingNamespace(request));
      looked.delete(request);
      request.operations.push(checkUnchanged(namespaceResource, namespace));
    },
  };
}

async function livingNamespace(request: AdmissionRequest): Promise<KubeObject> {
  const { type, name, namespace = '' } = request;
  const found = await request.namespaceObject();
  if (found === undefined) throw notFound({ resource: 'namespaces', name: namespace });
  if (found.metadata.deletionTimestamp === undefined) return found;
  const { message, details } = forbidden(
    { resource: type.plural, group: type.group, name },
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  throw new StatusError('Forbidden', message, { details: { ...details, causes: [cause] } });
}

function assertMortal(name: string): void {
  if (IMMORTAL_NAMESPACES.has(name))
    throw forbidden({ resource: 'namespaces', name }, 'this namespace may not be deleted');
}
