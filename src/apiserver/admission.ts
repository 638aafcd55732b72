import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { User } from '#apiserver/request.ts';

/** One write on its way in, after defaulting and before validation. */
export interface AdmissionRequest {
  readonly operation: 'create' | 'update' | 'delete';
  readonly type: ResourceType;
  /** The object to be written; a plugin may change it. On delete, the object that is to go. */
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly subresource: string | undefined;
  readonly user: User;
  readonly dryRun: boolean;
}

/** A step that every write passes, in the order of the list: it may change the object, or throw a StatusError. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Whether this plugin looks at such a request at all. */
  readonly handles: (request: AdmissionRequest) => boolean;
  readonly admit: (request: AdmissionRequest) => Promise<void> | void;
}

/** Passes a request through all plugins that handle it. */
export async function admit(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) if (plugin.handles(request)) await plugin.admit(request);
}
