import { StatusError } from '#api/status.ts';
import { YAML_MEDIA_TYPE } from '#apiserver/answer-form.ts';

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
  return chooseShape(accept, SHAPES);
}

/** Throws 406 where a client takes nothing but a table or metadata of what is never stored, such as a review. */
export function assertWholeObject(accept: string | undefined): void {
  chooseShape(accept, ['object']);
}

function chooseShape(accept: string | undefined, shapes: readonly Shape[]): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json') return WHOLE_OBJECT;
  for (const range of accept.split(',')) {
    const [mediaType = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (!isJson(mediaType) && mediaType !== YAML_MEDIA_TYPE) continue;
    const shape = shapeOf(parameters);
    if (shape !== undefined && shapes.includes(shape))
      return { shape, omitsManagedFields: parameters.includes('managedfields=omit') };
  }
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: application/json, ${YAML_MEDIA_TYPE}, got "${accept.slice(0, 200)}"`,
  );
}

/** Versions of tables and metadata that clients ask for; the older one is answered as the newer. */
const META_VERSIONS: readonly (string | undefined)[] = ['v1', 'v1beta1'];

const SHAPES: readonly Shape[] = ['object', 'table', 'partialMetadata'];

const WHOLE_OBJECT: Representation = { shape: 'object', omitsManagedFields: false };

/** Undefined for a shape, or a version of one, that there is not. */
function shapeOf(parameters: readonly string[]): Shape | undefined {
  const valueOf = (name: string): string | undefined =>
    parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
  const as = valueOf('as');
  if (as === undefined) return 'object';
  if (valueOf('g') !== 'meta.k8s.io' || !META_VERSIONS.includes(valueOf('v'))) return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'partialMetadata' : undefined;
}

function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === '*/*' || mediaType === 'application/*';
}
