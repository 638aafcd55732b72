import { age } from '#api/age.ts';
import { NAME_COLUMN, NONE, textColumn, wide } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { digestErrors } from '#api/fleet/digest-syntax.ts';
import type { RevisionReference } from '#api/fleet/revision-reference.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** One application at one site: what is wanted there, and what the site last said of it. */
export interface ApplicationInstance extends KubeObject {
  apiVersion: 'fleet.skerry.io/v1alpha1';
  kind: 'ApplicationInstance';
  spec: ApplicationInstanceSpec;
  status?: ApplicationInstanceStatus;
}

/** What is wanted at the site. */
export interface ApplicationInstanceSpec {
  /** Name of the Application in the same namespace. */
  application: string;
  /** Name of the Site. */
  site: string;
  /** The revision that the site shall run. */
  revision: RevisionReference;
}

/** What the site last said. */
export interface ApplicationInstanceStatus {
  observedGeneration?: number;
  /** The revision that the site runs. */
  runningRevision?: RevisionReference;
  phase?: ApplicationInstancePhase;
  reason?: string;
  message?: string;
  /** When the site last reported, by the hub's clock. */
  lastReportTime?: string;
  resources?: InstanceResource[];
  conditions?: Condition[];
}

/** How it goes at the site. `Degraded`: it ran, and part of it does not any more. */
/** The finalizer by which an instance at the hub stays until its site has confirmed that nothing of it is left. */
export const REMOVAL_FINALIZER = 'fleet.skerry.io/removal';

/** The finalizer by which an instance at a site stays until all that it applied has been removed. */
export const CLEANUP_FINALIZER = 'fleet.skerry.io/cleanup';

export type ApplicationInstancePhase =
  | 'Pending'
  | 'Progressing'
  | 'Running'
  | 'Degraded'
  | 'Failed'
  | 'Removing';

/** One object of the application, as it stands at the site. */
export interface InstanceResource {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  health: 'Healthy' | 'Progressing' | 'Degraded' | 'Missing' | 'Unknown';
  message?: string;
  /** Of kinds that have replicas: how many are wanted, and how many are ready. */
  desired?: number;
  ready?: number;
}

const PHASES = ['Degraded', 'Failed', 'Pending', 'Progressing', 'Removing', 'Running'];

/** `applicationinstances.fleet.skerry.io`. */
export const applicationInstanceResource: ResourceType<ApplicationInstance> =
  defineResource<ApplicationInstance>({
    group: 'fleet.skerry.io',
    version: 'v1alpha1',
    kind: 'ApplicationInstance',
    plural: 'applicationinstances',
    shortNames: ['appinst'],
    categories: ['skerry'],
    subresources: ['status'],
    schema: 'fleet/v1alpha1.ApplicationInstance',
    validate: ({ spec, status }, old) => [
      ...checkPresent('spec.application', spec.application),
      ...checkPresent('spec.site', spec.site),
      ...checkName('spec.revision.digest', spec.revision.digest, digestErrors),
      ...checkOneOf('status.phase', status?.phase, PHASES),
      ...(old === undefined
        ? []
        : [
            ...checkUnchanged('spec.application', spec.application, old.spec.application),
            ...checkUnchanged('spec.site', spec.site, old.spec.site),
          ]),
    ],
    columns: [
      { ...NAME_COLUMN, priority: 1 },
      textColumn('Application', 'The application.', ({ spec }) => spec.application),
      textColumn('Site', 'The site.', ({ spec }) => spec.site),
      textColumn('Wanted', 'Revision that the site shall run.', ({ spec }) => spec.revision.name),
      textColumn(
        'Running',
        'Revision that the site runs.',
        ({ status }) => status?.runningRevision?.name ?? NONE,
      ),
      textColumn('Phase', 'How it goes, as the site said last.', ({ status }) => status?.phase ?? 'Pending'),
      textColumn('Reported', 'Time since the site reported last.', ({ status }, nowMs) =>
        status?.lastReportTime === undefined ? NONE : age(status.lastReportTime, nowMs),
      ),
      wide(textColumn('Reason', 'Why it is in that phase.', ({ status }) => status?.reason ?? '')),
      wide(textColumn('Message', 'The same in a sentence.', ({ status }) => status?.message ?? '')),
    ],
    selectableFields: {
      'spec.application': ({ spec }) => spec.application,
      'spec.site': ({ spec }) => spec.site,
      'status.phase': ({ status }) => status?.phase ?? '',
    },
  });
