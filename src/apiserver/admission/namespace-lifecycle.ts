import { forbidden, notFound, StatusError } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';

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

/** Kubernetes' NamespaceLifecycle: nothing is made in a namespace that is not there, or that is going. */
export function namespaceLifecycle(underWay: CreationsUnderWay): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation, type, subresource }) =>
      (operation === 'create' && type.namespaced && subresource === undefined && !REVIEWS.has(type.plural)) ||
      (operation === 'delete' && type.group === '' && type.plural === 'namespaces'),
    mutate: (request) => {
      if (request.operation === 'delete') return assertMortal(request.name);
      return assertLiving(request, underWay);
    },
  };
}

async function assertLiving(request: AdmissionRequest, underWay: CreationsUnderWay): Promise<void> {
  const { type, name, namespace = '', pass } = request;
  if (pass > 1) return;
  request.onEnd(underWay.enter(namespace));
  const found = await request.namespaceObject();
  if (found === undefined) throw notFound({ resource: 'namespaces', name: namespace });
  const { deletionTimestamp } = found.metadata;
  if (deletionTimestamp === undefined) return;
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
