import { RevisionExpiredError, StoreFormatError, StoreUnavailableError } from '#store/store.ts';
import { GrpcError } from '#system/grpc.ts';

/** Whether etcd refused because the history asked for was compacted. */
export function isCompacted(error: unknown): boolean {
  return error instanceof GrpcError && error.code === 'OUT_OF_RANGE' && error.message.includes('compacted');
}

/** Whether etcd refused because its database has reached its quota: it then only takes deletions. */
export function isOutOfSpace(error: unknown): boolean {
  return error instanceof GrpcError && error.message.includes('database space exceeded');
}

/** Whether an answer is too large for one message. */
export function isTooLarge(error: unknown): boolean {
  return (
    error instanceof GrpcError &&
    error.code === 'RESOURCE_EXHAUSTED' &&
    error.message.includes('a message of')
  );
}

/** What a failed call comes to in the words of the store's contract; what is none of etcd's passes through. */
export function storeErrorOf(action: string, cause: unknown): unknown {
  if (!(cause instanceof GrpcError)) return cause;
  const unavailable = (why: string, retryAfterSeconds?: number): StoreUnavailableError =>
    new StoreUnavailableError(`could not ${action}: ${why}`, {
      cause,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  if (isCompacted(cause)) return new RevisionExpiredError('etcd has compacted this revision', { cause });
  if (isOutOfSpace(cause)) {
    return unavailable(
      'etcd is out of space (NOSPACE): delete something, then compact, defragment and disarm it',
    );
  }
  if (cause.message.includes('request is too large')) {
    return unavailable('etcd takes no request of this size: start it with --max-request-bytes=8388608');
  }
  if (cause.message.includes('too many operations')) {
    return unavailable('etcd takes no transaction of this size: start it with --max-txn-ops=256');
  }
  switch (cause.code) {
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
      return unavailable(`etcd refuses this client (${cause.message})`);
    case 'DATA_LOSS':
      return new StoreFormatError('etcd says that its data is damaged: restore a backup', { cause });
    default:
      return unavailable(`etcd does not answer (${cause.message})`, 1);
  }
}
