import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn, wide } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelSelector, checkName, checkPresent, checkUnique } from '#api/field-checks.ts';
import { forbiddenField, requiredValue } from '#api/field-errors.ts';
import type { RevisionReference } from '#api/fleet/revision-reference.ts';
import { isJsonObject } from '#api/json.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { Condition, Draft, KubeObject, LabelSelector } from '#api/object.ts';
import type { Column, ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** What to run, and where: manifests from one source, sent to every site that the placement selects. */
export interface Application extends KubeObject {
  apiVersion: 'fleet.skerry.io/v1alpha1';
  kind: 'Application';
  spec: ApplicationSpec;
  status?: ApplicationStatus;
}

/** What to run, and where. */
export interface ApplicationSpec {
  source: ApplicationSource;
  placement: ApplicationPlacement;
  /** Freezes the application: no new revision is made, no instance is added, changed or removed. */
  suspend?: boolean;
}

/** Exactly one member is set. */
export interface ApplicationSource {
  inline?: { manifests: Draft[] };
  /** Every object in the application's own namespace that a site can run and that these labels select. */
  selector?: LabelSelector;
}

/** The sites that match `siteSelector`, and those named in `sites`. */
export interface ApplicationPlacement {
  siteSelector?: LabelSelector;
  sites?: string[];
}

/** How many sites run it. */
export interface ApplicationStatus {
  observedGeneration?: number;
  /** The revision that all placed sites shall run. */
  revision?: RevisionReference;
  sites?: ApplicationSites;
  conditions?: Condition[];
}

/** Placed sites by state: `wanted` is the sum of the others. */
export interface ApplicationSites {
  wanted: number;
  /** Running the wanted revision, and connected. */
  running: number;
  updating: number;
  failed: number;
  offline: number;
}

/** `applications.fleet.skerry.io`. */
export const applicationResource: ResourceType<Application> = defineResource<Application>({
  group: 'fleet.skerry.io',
  version: 'v1alpha1',
  kind: 'Application',
  plural: 'applications',
  shortNames: ['app'],
  categories: ['skerry'],
  subresources: ['status'],
  schema: 'fleet/v1alpha1.Application',
  nameRule: labelNameErrors,
  validate: validateApplication,
  columns: [
    NAME_COLUMN,
    textColumn('Status', 'Why the application is or is not ready everywhere.', applicationStatus),
    siteColumn('Sites', 'Sites that shall run it.', 'wanted'),
    siteColumn('Running', 'Connected sites that run the wanted revision.', 'running'),
    siteColumn('Offline', 'Sites that the hub does not hear.', 'offline'),
    wide(siteColumn('Updating', 'Connected sites on their way to the wanted revision.', 'updating')),
    wide(siteColumn('Failed', 'Connected sites where it fails.', 'failed')),
    wide(
      textColumn(
        'Revision',
        'The revision that all sites shall run.',
        ({ status }) => status?.revision?.name ?? NONE,
      ),
    ),
    AGE_COLUMN,
  ],
});

function siteColumn(name: string, description: string, count: keyof ApplicationSites): Column<Application> {
  return {
    name,
    type: 'integer',
    description,
    priority: 0,
    cell: ({ status }) => status?.sites?.[count] ?? 0,
  };
}

function applicationStatus({ spec, status }: Application): string {
  if (spec.suspend === true) return 'Suspended';
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'Pending';
  return ready.status === 'True' ? 'Ready' : ready.reason;
}

function validateApplication({ spec }: Application): FieldError[] {
  const { inline, selector } = spec.source;
  const { siteSelector, sites = [] } = spec.placement;
  return [
    ...(inline === undefined && selector === undefined
      ? [requiredValue('spec.source', 'must specify one of: `inline` or `selector`')]
      : []),
    ...(inline !== undefined && selector !== undefined
      ? [forbiddenField('spec.source.selector', 'may not be specified together with `inline`')]
      : []),
    ...(inline === undefined ? [] : checkPresent('spec.source.inline.manifests', inline.manifests)),
    ...(inline?.manifests ?? []).flatMap((manifest, index) =>
      validateManifest(`spec.source.inline.manifests[${index}]`, manifest),
    ),
    ...checkLabelSelector('spec.source.selector', selector),
    ...checkLabelSelector('spec.placement.siteSelector', siteSelector),
    ...sites.flatMap((site, index) => checkName(`spec.placement.sites[${index}]`, site, labelNameErrors)),
    ...checkUnique(sites, (index) => `spec.placement.sites[${index}]`),
    ...(siteSelector === undefined && sites.length === 0
      ? [requiredValue('spec.placement', 'must specify `siteSelector` or `sites`')]
      : []),
  ];
}

/** A manifest says at least what it is and how it is called. The rest is checked where it is applied. */
function validateManifest(field: string, manifest: unknown): FieldError[] {
  if (!isJsonObject(manifest)) return [requiredValue(field, 'must be an object')];
  const { apiVersion, kind, metadata } = manifest;
  const name = isJsonObject(metadata) ? metadata.name : undefined;
  const texts: [string, unknown][] = [
    ['apiVersion', apiVersion],
    ['kind', kind],
    ['metadata.name', name],
  ];
  return texts.flatMap(([key, value]) =>
    typeof value === 'string' && value !== '' ? [] : [requiredValue(`${field}.${key}`)],
  );
}
