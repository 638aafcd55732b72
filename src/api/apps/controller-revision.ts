import { AGE_COLUMN, countColumn, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkNonNegative, checkUnchanged } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import { isJsonObject } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import { controllerOf } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `apps/v1.ControllerRevision`. */
export interface ControllerRevision extends KubeObject {
  apiVersion: 'apps/v1';
  kind: 'ControllerRevision';
  data?: Json;
  revision: number;
}

/** `controllerrevisions.apps`. */
export const controllerRevisionResource: ResourceType<ControllerRevision> =
  defineResource<ControllerRevision>({
    group: 'apps',
    version: 'v1',
    kind: 'ControllerRevision',
    plural: 'controllerrevisions',
    schema: 'apps/v1.ControllerRevision',
    fillsZeros: true,
    hasGeneration: false,
    validate: ({ revision, data }, old) => [
      ...checkNonNegative('revision', revision),
      ...(old === undefined ? validateData(data) : checkUnchanged('data', data, old.data)),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('Controller', 'The object that the revision is of.', formatController),
      countColumn('Revision', 'Number of the revision.', ({ revision }) => revision ?? 0),
      AGE_COLUMN,
    ],
  });

function validateData(data: Json | undefined): FieldError[] {
  if (data === undefined || data === null) return [requiredValue('data', 'data is mandatory')];
  return isJsonObject(data) ? [] : [requiredValue('data', 'data must be a valid JSON object')];
}

function formatController(object: ControllerRevision): string {
  const owner = controllerOf(object);
  if (owner === undefined) return NONE;
  const [group] = owner.apiVersion.split('/');
  const suffix = owner.apiVersion.includes('/') ? `.${group}` : '';
  return `${owner.kind.toLowerCase()}${suffix}/${owner.name}`;
}
