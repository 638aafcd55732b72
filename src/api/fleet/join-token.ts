import { humanDuration } from '#api/age.ts';
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabels, checkName, checkPositive, checkUnchanged } from '#api/field-checks.ts';
import { digestErrors } from '#api/fleet/digest-syntax.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Permission to enrol hosts, by a secret of which only the hash is kept. Cluster-scoped. */
export interface JoinToken extends KubeObject {
  apiVersion: 'fleet.skerry.io/v1alpha1';
  kind: 'JoinToken';
  spec: JoinTokenSpec;
  status?: JoinTokenStatus;
}

/** Who may join with it, how often, and until when. */
export interface JoinTokenSpec {
  /** The only site that may be joined; any, by the host's own wish, where absent. */
  site?: string;
  /** RFC 3339; the token is refused from then on. */
  expiresAt: string;
  /** How many hosts may join with it. */
  usesMax: number;
  /** `sha256:` and the hexadecimal SHA-256 of the token. */
  tokenHash: string;
  /** Labels that a site gets that is made by joining. */
  siteLabels?: Record<string, string>;
}

/** How often it was used. */
export interface JoinTokenStatus {
  uses: number;
  lastUsedTime?: string;
}

/** `jointokens.fleet.skerry.io`. */
export const joinTokenResource: ResourceType<JoinToken> = defineResource<JoinToken>({
  group: 'fleet.skerry.io',
  version: 'v1alpha1',
  kind: 'JoinToken',
  plural: 'jointokens',
  categories: ['skerry'],
  namespaced: false,
  subresources: ['status'],
  schema: 'fleet/v1alpha1.JoinToken',
  validate: ({ spec }, old) => [
    ...checkName('spec.site', spec.site, labelNameErrors),
    ...checkPositive('spec.usesMax', spec.usesMax),
    ...checkName('spec.tokenHash', spec.tokenHash, digestErrors),
    ...checkLabels('spec.siteLabels', spec.siteLabels),
    ...(old === undefined ? [] : checkUnchanged('spec.tokenHash', spec.tokenHash, old.spec.tokenHash)),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('Site', 'The only site that may be joined.', ({ spec }) => spec.site ?? '<any>'),
    textColumn(
      'Uses',
      'Hosts that joined, of those that may.',
      ({ spec, status }) => `${status?.uses ?? 0}/${spec.usesMax}`,
    ),
    textColumn('Expires', 'Time until the token is refused.', ({ spec }, nowMs) =>
      timeLeft(spec.expiresAt, nowMs),
    ),
    AGE_COLUMN,
  ],
});

function timeLeft(expiresAt: string, nowMs: number): string {
  const expiresMs = parseTimestamp(expiresAt) ?? nowMs;
  return expiresMs <= nowMs ? 'expired' : humanDuration(expiresMs - nowMs);
}
