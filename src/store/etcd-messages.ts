import { bool, bytes, enumeration, int, list, message, nested, string, uint } from '#system/protobuf.ts';

/**
 * etcd's v3 API on the wire, as far as the driver uses it. Field numbers are etcd's `rpc.proto` and `kv.proto`; version 3.4
 * is the oldest that has all of it.
 */

const ResponseHeader = message({
  clusterId: uint(1),
  memberId: uint(2),
  revision: int(3),
  raftTerm: uint(4),
});

const KeyValue = message({
  key: bytes(1),
  createRevision: int(2),
  modRevision: int(3),
  version: int(4),
  value: bytes(5),
  lease: int(6),
});

export const RangeRequest = message({
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: int(3),
  revision: int(4),
  keysOnly: bool(8),
  countOnly: bool(9),
});

export const RangeResponse = message({
  header: nested(1, ResponseHeader),
  kvs: list(2, KeyValue),
  more: bool(3),
  count: int(4),
});

const PutRequest = message({ key: bytes(1), value: bytes(2), lease: int(3) });
const DeleteRangeRequest = message({ key: bytes(1), rangeEnd: bytes(2) });

const RequestOp = message({
  range: nested(1, RangeRequest),
  put: nested(2, PutRequest),
  deleteRange: nested(3, DeleteRangeRequest),
});

const DeleteRangeResponse = message({ deleted: int(2) });

const ResponseOp = message({ range: nested(1, RangeResponse), deleteRange: nested(3, DeleteRangeResponse) });

const Compare = message({
  result: enumeration(1, ['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL']),
  target: enumeration(2, ['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE']),
  key: bytes(3),
  version: int(4),
  createRevision: int(5),
  modRevision: int(6),
  rangeEnd: bytes(64),
});

export const TxnRequest = message({
  compare: list(1, Compare),
  success: list(2, RequestOp),
  failure: list(3, RequestOp),
});

export const TxnResponse = message({
  header: nested(1, ResponseHeader),
  succeeded: bool(2),
  responses: list(3, ResponseOp),
});

export const CompactionRequest = message({ revision: int(1), physical: bool(2) });
export const CompactionResponse = message({ header: nested(1, ResponseHeader) });

const WatchCreateRequest = message({
  key: bytes(1),
  rangeEnd: bytes(2),
  startRevision: int(3),
  fragment: bool(8),
});

export const WatchRequest = message({ create: nested(1, WatchCreateRequest) });

const Event = message({ type: enumeration(1, ['PUT', 'DELETE']), kv: nested(2, KeyValue) });

export const WatchResponse = message({
  header: nested(1, ResponseHeader),
  watchId: int(2),
  created: bool(3),
  canceled: bool(4),
  compactRevision: int(5),
  cancelReason: string(6),
  fragment: bool(7),
  events: list(11, Event),
});

export const StatusRequest = message({});
export const StatusResponse = message({
  header: nested(1, ResponseHeader),
  version: string(2),
  dbBytes: int(3),
  leader: uint(4),
});
