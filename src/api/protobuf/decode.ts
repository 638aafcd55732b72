import type { MutableJsonObject } from '#api/json.ts';
import { type DecodeContext, decodeMessage } from '#api/protobuf/decode-message.ts';
import { findMessage } from '#api/protobuf/message-table.ts';
import { malformed, nextField, readText, restOf, type WireReader, wireReader } from '#api/protobuf/wire.ts';
import { StatusError } from '#api/status.ts';

/** The media type of Kubernetes' Protobuf. */
export const PROTOBUF_MEDIA_TYPE = 'application/vnd.kubernetes.protobuf';
/** The largest body in bytes, as in Kubernetes; a larger one is refused with 413. */
export const PROTOBUF_BYTES_MAX = 3 * 1024 * 1024;

/** `k8s\0` */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/** The package of messages for each API group with Protobuf. */
const PACKAGES: Readonly<Record<string, string>> = {
  '': 'core',
  'admissionregistration.k8s.io': 'admissionregistration',
  'apiextensions.k8s.io': 'apiextensions',
  apps: 'apps',
  'authentication.k8s.io': 'authentication',
  'authorization.k8s.io': 'authorization',
  autoscaling: 'autoscaling',
  batch: 'batch',
  'certificates.k8s.io': 'certificates',
  'coordination.k8s.io': 'coordination',
  'discovery.k8s.io': 'discovery',
  'events.k8s.io': 'events',
  'flowcontrol.apiserver.k8s.io': 'flowcontrol',
  'meta.k8s.io': 'meta',
  'networking.k8s.io': 'networking',
  'node.k8s.io': 'node',
  policy: 'policy',
  'rbac.authorization.k8s.io': 'rbac',
  'scheduling.k8s.io': 'scheduling',
  'storage.k8s.io': 'storage',
};

/** Kinds that belong to every group. */
const COMMON_KINDS = new Set(['CreateOptions', 'DeleteOptions', 'PatchOptions', 'Status', 'UpdateOptions']);

/** The kind of a body that does not say it itself. */
export interface ExpectedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: WireReader;
}

/** Whether bytes claim to be Kubernetes' Protobuf. */
export function isProtobuf(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * The JSON form of a Protobuf body, as kubectl from 1.32 and controller-runtime send it for built-in kinds: `k8s\0` and a
 * `runtime.Unknown` with the object's bytes. Zero values that a client's JSON would leave out are left out, quantities and times
 * are texts, bytes are base64.
 *
 * Throws BadRequest for malformed bytes, RequestEntityTooLarge for too many, UnsupportedMediaType for a kind without Protobuf
 * (custom resources have none). Source: k8s.io/apimachinery `runtime/serializer/protobuf`.
 */
export function decodeProtobuf(bytes: Uint8Array, expected?: ExpectedKind): MutableJsonObject {
  if (bytes.length > PROTOBUF_BYTES_MAX) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity is too large: limit is ${PROTOBUF_BYTES_MAX}`,
    );
  }
  if (!isProtobuf(bytes)) throw malformed('the body does not start with the magic number "k8s\\0"');
  return decodeEnvelope(bytes, { depth: 0, expected });
}

function decodeEnvelope(
  bytes: Uint8Array,
  at: { depth: number; expected: ExpectedKind | undefined },
): MutableJsonObject {
  const { apiVersion, kind, raw } = readEnvelope(bytes.subarray(MAGIC.length), at.expected);
  const context: DecodeContext = {
    depth: at.depth,
    decodeEnvelope: (inner, depth) =>
      isProtobuf(inner) ? decodeEnvelope(inner, { depth, expected: undefined }) : undefined,
  };
  return { apiVersion, kind, ...decodeMessage(raw, messageName(apiVersion, kind), context) };
}

/** `runtime.Unknown`: `{TypeMeta typeMeta = 1; bytes raw = 2; string contentEncoding = 3; string contentType = 4}`. */
function readEnvelope(bytes: Uint8Array, expected: ExpectedKind | undefined): Envelope {
  const reader = wireReader(bytes);
  let typeMeta = { apiVersion: '', kind: '' };
  let raw = wireReader(new Uint8Array());
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.wire !== 'bytes')
      throw malformed(`field ${field.number} of the envelope is of type ${field.wire}`);
    if (field.number === 1) typeMeta = readTypeMeta(field.reader);
    if (field.number === 2) raw = field.reader;
    const isEncoded = (field.number === 3 || field.number === 4) && restOf(field.reader).length > 0;
    if (isEncoded)
      throw malformed(
        `content of type or encoding ${JSON.stringify(readText(field.reader))} is not supported`,
      );
  }
  const { apiVersion, kind } = typeMeta.kind === '' && expected !== undefined ? expected : typeMeta;
  return { apiVersion, kind, raw };
}

/** `runtime.TypeMeta`: `{string apiVersion = 1; string kind = 2}`. */
function readTypeMeta(reader: WireReader): ExpectedKind {
  let apiVersion = '';
  let kind = '';
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1 && field.wire === 'bytes') apiVersion = readText(field.reader);
    if (field.number === 2 && field.wire === 'bytes') kind = readText(field.reader);
  }
  return { apiVersion, kind };
}

/** Whether objects of a kind can be sent as Protobuf. */
export function hasProtobuf({ apiVersion, kind }: ExpectedKind): boolean {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const packageName = Object.hasOwn(PACKAGES, group) ? PACKAGES[group] : undefined;
  return findMessage(`${packageName ?? ''}/${apiVersion.slice(slash + 1)}.${kind}`) !== undefined;
}

function messageName(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const packageName = Object.hasOwn(PACKAGES, group) ? PACKAGES[group] : undefined;
  const name = COMMON_KINDS.has(kind)
    ? `meta/v1.${kind}`
    : `${packageName ?? ''}/${apiVersion.slice(slash + 1)}.${kind}`;
  if (packageName !== undefined && findMessage(name) !== undefined) return name;
  if (COMMON_KINDS.has(kind)) return name;
  throw new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - ${apiVersion}, Kind=${kind} has no Protobuf form; accepted media types include: application/json, application/yaml`,
  );
}
