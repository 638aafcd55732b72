import { StatusError } from '#api/status.ts';

/** In which shape an answer is wanted: the object itself, rows of a table, or its metadata alone. */
export type Shape = 'object' | 'table' | 'partialMetadata';

/** What of an object an answer shows. */
export interface Representation {
  readonly shape: Shape;
  /**
   * Whether `metadata.managedFields` are left out: the parameter `managedfields=omit`, which is our own, for readers that
   * would only drop them. Tables always have them where they have metadata.
   */
  readonly omitsManagedFields: boolean;
}

/**
 * Chooses a representation by the Accept header, first acceptable one first, as clients of Kubernetes order them. Protobuf
 * is passed over: every client that names it names JSON too. Throws 406 where nothing fits.
 */
export function chooseRepresentation(accept: string | undefined): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json') return WHOLE_OBJECT;
  for (const range of accept.split(',')) {
    const [mediaType = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (!isJson(mediaType)) continue;
    const shape = shapeOf(parameters.find((parameter) => parameter.startsWith('as='))?.slice(3));
    if (shape !== undefined) return { shape, omitsManagedFields: parameters.includes('managedfields=omit') };
  }
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: application/json, got "${accept.slice(0, 200)}"`,
  );
}

const WHOLE_OBJECT: Representation = { shape: 'object', omitsManagedFields: false };

function shapeOf(as: string | undefined): Shape | undefined {
  if (as === undefined) return 'object';
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'partialMetadata' : undefined;
}

function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === '*/*' || mediaType === 'application/*';
}
