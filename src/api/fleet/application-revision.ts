import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn, wide } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { digestErrors } from '#api/fleet/digest-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** The result of an application's source at one time. Its spec never changes. */
export interface ApplicationRevision extends KubeObject {
  apiVersion: 'fleet.skerry.io/v1alpha1';
  kind: 'ApplicationRevision';
  spec: ApplicationRevisionSpec;
}

/** The manifests, by digest, and where they come from. */
export interface ApplicationRevisionSpec {
  /** Name of the Application in the same namespace. */
  application: string;
  /** `sha256:` and the hexadecimal SHA-256 of the UTF-8 bytes of `manifests`. */
  digest: string;
  /** Canonical JSON of the array of objects. */
  manifests: string;
  /** What `manifests` holds, in its order. */
  objects: RevisionObject[];
  /** Every image that the objects name, sorted, each once. */
  images?: string[];
  origin?: RevisionOrigin;
  signature?: RevisionSignature;
}

/** One object of a revision, by name. */
export interface RevisionObject {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** What the revision was made from. */
export interface RevisionOrigin {
  source: 'Inline' | 'Selector';
  /** `metadata.generation` of the Application. */
  generation: number;
}

/** A signature over `digest`. */
export interface RevisionSignature {
  keyId: string;
  /** Base64. */
  value: string;
}

/** `applicationrevisions.fleet.skerry.io`. */
export const applicationRevisionResource: ResourceType<ApplicationRevision> =
  defineResource<ApplicationRevision>({
    group: 'fleet.skerry.io',
    version: 'v1alpha1',
    kind: 'ApplicationRevision',
    plural: 'applicationrevisions',
    shortNames: ['apprev'],
    categories: ['skerry'],
    schema: 'fleet/v1alpha1.ApplicationRevision',
    validate: ({ spec }, old) => [
      ...checkName('spec.digest', spec.digest, digestErrors),
      ...checkOneOf('spec.origin.source', spec.origin?.source, ['Inline', 'Selector']),
      ...(old === undefined ? [] : checkUnchanged('spec', spec, old.spec)),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('Application', 'The application that it is a revision of.', ({ spec }) => spec.application),
      numberColumn('Objects', 'How many objects it holds.', ({ spec }) => spec.objects.length),
      AGE_COLUMN,
      wide(textColumn('Digest', 'Digest of what it holds.', ({ spec }) => spec.digest)),
    ],
    selectableFields: { 'spec.application': ({ spec }) => spec.application },
  });
