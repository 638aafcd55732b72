import type { ApplicationInstanceStatus } from '#api/fleet/application-instance.ts';
import type { SiteStatus } from '#api/fleet/site.ts';
import type { BundleSignature } from '#pki/bundle-signature.ts';

/** The protocol's name in the TLS handshake (ALPN). */
export const LINK_PROTOCOL = 'skerry-link/1';

/**
 * The version of the messages below. It rises with every change of {@link WIRE_SCHEMA}; `wire.test.ts` holds the hash of
 * the schema beside it. A hub speaks with sites of this version and the one before.
 */
export const WIRE_VERSION = 1;

/** Every message by its type, with its fields: what the pinned hash is made of. */
export const WIRE_SCHEMA = {
  hello: 'site->hub version:int site:string software:string epoch:int',
  welcome: 'hub->site version:int epoch:int heartbeatMs:int',
  refused: 'hub->site reason:string message:string',
  desired: 'hub->site epoch:int entries:[DesiredEntry]',
  DesiredEntry: 'namespace:string name:string application:string state:run|remove revision?:RevisionEntry',
  RevisionEntry: 'name:string digest:string sizeBytes:int signature:{keyId:string,value:base64}',
  fetch: 'site->hub id:int namespace:string revision:string digest:string offset:int',
  fetched: 'hub->site id:int',
  missing: 'hub->site id:int',
  report: 'site->hub instances:[InstanceReport] site?:SiteReport',
  InstanceReport: 'namespace:string name:string state:present|removed status?:ApplicationInstanceStatus',
  SiteReport: 'hosts capacity allocatable versions addresses as in SiteStatus',
  beat: 'both',
  blob: 'binary frame: id:uint32 bytes',
} as const;

/** One application that the site shall run, or shall run no more. No entry is no statement: what runs goes on. */
export type DesiredEntry =
  | {
      readonly state: 'run';
      readonly namespace: string;
      /** Name of the ApplicationInstance, at the hub and at the site. */
      readonly name: string;
      readonly application: string;
      readonly revision: RevisionEntry;
    }
  | {
      readonly state: 'remove';
      readonly namespace: string;
      readonly name: string;
      readonly application: string;
    };

/** A bundle by its digest, and the hub's signature over that. */
export interface RevisionEntry {
  /** Name of the ApplicationRevision. */
  readonly name: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly signature: BundleSignature;
}

/** How one application fares at the site; `removed`: nothing of it is left there. */
export type InstanceReport =
  | {
      readonly state: 'present';
      readonly namespace: string;
      readonly name: string;
      readonly status: ApplicationInstanceStatus;
    }
  | { readonly state: 'removed'; readonly namespace: string; readonly name: string };

/** What a site says of itself. */
export type SiteReport = Pick<SiteStatus, 'hosts' | 'capacity' | 'allocatable' | 'versions' | 'addresses'>;

export type SiteMessage =
  | {
      readonly type: 'hello';
      readonly version: number;
      readonly site: string;
      readonly software: string;
      readonly epoch: number;
    }
  | {
      readonly type: 'fetch';
      readonly id: number;
      readonly namespace: string;
      readonly revision: string;
      readonly digest: string;
      readonly offset: number;
    }
  | { readonly type: 'report'; readonly instances: readonly InstanceReport[]; readonly site?: SiteReport }
  | { readonly type: 'beat' };

export type HubMessage =
  | {
      readonly type: 'welcome';
      readonly version: number;
      readonly epoch: number;
      readonly heartbeatMs: number;
    }
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: string }
  | { readonly type: 'desired'; readonly epoch: number; readonly entries: readonly DesiredEntry[] }
  | { readonly type: 'fetched'; readonly id: number }
  | { readonly type: 'missing'; readonly id: number }
  | { readonly type: 'beat' };

/** `unknownSite`: the hub has no such Site. `blocked`: an operator blocked it. `version`: neither side speaks the other's. */
export type RefusalReason = 'unknownSite' | 'blocked' | 'version' | 'identity';

/** How often a site says that it is there, in milliseconds: an idle site stays under 1 MB a day. */
export const HEARTBEAT_MS = 30_000;

/** A peer that was silent for this long is gone, in milliseconds: two beats and a half. */
export const SILENCE_MS_MAX = 75_000;

/** How long either side waits for the first message of the other, in milliseconds. */
export const GREETING_MS_MAX = 15_000;

/** The largest piece of a bundle in one frame, in bytes: heartbeats get through between two of them. */
export const BLOB_BYTES_MAX = 64 * 1024;
