import type {
  CustomResourceConversion,
  CustomResourceSubresourceScale,
} from '#api/apiextensions/custom-resource-definition.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';

/** What the machinery knows of one version of a kind that a CustomResourceDefinition defines, beside its ResourceType. */
export interface CustomKind {
  /** The definition's name: `crontabs.stable.example.com`. */
  readonly definition: string;
  /** The definition's uid: another one of the same name may have come after it. */
  readonly definitionUid: string;
  /** The kind of a list of its objects. */
  readonly listKind: string;
  /** The structural schema of this version: by it objects are pruned, defaulted and validated. */
  readonly schema: JSONSchemaProps;
  /** `GROUP/VERSION` in which objects are stored. */
  readonly storage: { readonly apiVersion: string; readonly schema: JSONSchemaProps };
  /** Where the `scale` subresource finds its numbers; absent where there is none. */
  readonly scale?: CustomResourceSubresourceScale;
  /** What every client of this version is warned with; absent where it is not deprecated. */
  readonly deprecation?: string;
  readonly conversion: CustomResourceConversion;
  /** Objects written after this revision are stored as this definition wants them; older ones may be of an earlier one. */
  readonly sinceRevision: number;
  /** Whether the definition is being deleted: nothing more is created. */
  readonly terminating: boolean;
  /** Aborts when the definition has changed or gone: what follows the kind has to begin again. */
  readonly retired: AbortSignal;
}
