import { canonicalJson } from '#api/canonical-json.ts';
import type { RevisionObject } from '#api/fleet/application-revision.ts';
import type { KubeObject } from '#api/object.ts';
import { templateRank } from '#fleet/template-kinds.ts';
import { sha256Digest } from '#pki/digest.ts';

/** Annotation by which kubectl remembers what it applied: of no use at a site. */
const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** What an application's source amounts to: the canonical text of its manifests, and the digest of that. */
export interface Bundle {
  readonly manifests: string;
  readonly digest: string;
  readonly objects: readonly RevisionObject[];
  /** Every image that the objects name, sorted, each once. */
  readonly images: readonly string[];
}

/**
 * The bundle of some objects. The same objects give the same bytes, whatever the order of their fields and however often
 * they were written: what the server adds (status, uid, times, owners of fields) is left out.
 */
export function bundleOf(objects: readonly KubeObject[], namespace: string): Bundle {
  const manifests = objects.map((object) => manifestOf(object, namespace)).toSorted(byRankAndName);
  const text = canonicalJson(manifests);
  return {
    manifests: text,
    digest: sha256Digest(text),
    objects: manifests.map(({ apiVersion, kind, metadata }) => ({
      apiVersion,
      kind,
      namespace,
      name: metadata.name ?? '',
    })),
    images: [...new Set(imagesOf(manifests))].toSorted(),
  };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    name?: string;
    namespace?: string;
    labels?: object;
    annotations?: Record<string, string>;
  };
}

function manifestOf(object: KubeObject, namespace: string): Manifest {
  const { metadata, status: _status, ...rest } = object as KubeObject & { status?: unknown };
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED_ANNOTATION),
  );
  return {
    ...rest,
    metadata: {
      name: metadata.name,
      namespace,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
  };
}

function byRankAndName(a: Manifest, b: Manifest): number {
  const rank = templateRank(a) - templateRank(b);
  if (rank !== 0) return rank;
  const [x, y] = [`${a.kind}/${a.metadata.name ?? ''}`, `${b.kind}/${b.metadata.name ?? ''}`];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Whatever stands as `image` of a container, at any depth: templates of all kinds hold containers somewhere. */
function imagesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if ((key === 'containers' || key === 'initContainers') && Array.isArray(item)) {
      return item.flatMap((container: { image?: unknown }) =>
        typeof container.image === 'string' ? [container.image] : [],
      );
    }
    return imagesOf(item);
  });
}
