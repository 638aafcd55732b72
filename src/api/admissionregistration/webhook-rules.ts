/** What the configurations of mutating and of validating webhooks have in common. */
import { isDeepStrictEqual } from 'node:util';
import { validateMatchConditions } from '#api/admissionregistration/expression-rules.ts';
import { compileMatchConditions } from '#api/admissionregistration/policy-programs.ts';
import type { MatchCondition, RuleWithOperations } from '#api/admissionregistration/rule.ts';
import { validateRule } from '#api/admissionregistration/rule-validation.ts';
import type { WebhookClientConfig } from '#api/admissionregistration/webhook-client.ts';
import { checkJoined, checkLabelSelector, checkOneOf } from '#api/field-checks.ts';
import { duplicateValue, invalidValue, requiredValue } from '#api/field-errors.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { LabelSelector } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';
import { checkReviewVersions, checkWebhookAddress, REVIEW_VERSIONS } from '#api/webhook-address.ts';

const TIMEOUT_SECONDS = 10;
/** How long a webhook may take to answer, in seconds. */
const TIMEOUT_SECONDS_MIN = 1;
const TIMEOUT_SECONDS_MAX = 30;
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const HTTPS_PORT = 443;

/** A webhook of either kind. */
export interface Webhook {
  name: string;
  admissionReviewVersions: string[];
  clientConfig: WebhookClientConfig;
  failurePolicy?: 'Ignore' | 'Fail';
  matchConditions?: MatchCondition[];
  matchPolicy?: 'Exact' | 'Equivalent';
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  rules?: RuleWithOperations[];
  sideEffects?: string;
  reinvocationPolicy?: string;
  timeoutSeconds?: number;
}

/** Defaults of a webhook, in place. */
export function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
  if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= HTTPS_PORT;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
}

/** Every webhook, and that each has a name of its own; `old` on update. */
export function validateWebhooks(webhooks: readonly Webhook[] = [], old?: readonly Webhook[]): FieldError[] {
  const names = webhooks.map(({ name }) => name);
  return webhooks.flatMap((webhook, index) => [
    ...validateWebhook(`webhooks[${index}]`, webhook, { isNew: !hasConditions(old, webhook) }),
    ...(webhook.name !== '' && names.indexOf(webhook.name) < index
      ? [duplicateValue(`webhooks[${index}].name`, webhook.name)]
      : []),
  ]);
}

/** Whether the same conditions stood there already: what was accepted once is not compiled again. */
function hasConditions(old: readonly Webhook[] | undefined, { name, matchConditions }: Webhook): boolean {
  const before = old?.find((webhook) => webhook.name === name);
  return before !== undefined && isDeepStrictEqual(before.matchConditions, matchConditions);
}

function validateWebhook(field: string, webhook: Webhook, { isNew }: { isNew: boolean }): FieldError[] {
  return [
    ...checkQualifiedName(`${field}.name`, webhook.name),
    ...(webhook.rules ?? []).flatMap((rule, index) => validateRule(`${field}.rules[${index}]`, rule)),
    ...checkOneOf(`${field}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']),
    ...checkOneOf(`${field}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']),
    ...(webhook.sideEffects === undefined
      ? [requiredValue(`${field}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`)]
      : checkOneOf(`${field}.sideEffects`, webhook.sideEffects, SIDE_EFFECTS)),
    ...checkTimeout(`${field}.timeoutSeconds`, webhook.timeoutSeconds),
    ...checkLabelSelector(`${field}.namespaceSelector`, webhook.namespaceSelector),
    ...checkLabelSelector(`${field}.objectSelector`, webhook.objectSelector),
    ...checkOneOf(`${field}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never']),
    ...checkWebhookAddress(`${field}.clientConfig`, webhook.clientConfig),
    ...(isNew ? checkConditions(`${field}.matchConditions`, webhook.matchConditions) : []),
    ...checkReviewVersions(
      `${field}.admissionReviewVersions`,
      webhook.admissionReviewVersions,
      `must specify one of ${REVIEW_VERSIONS.join(', ')}`,
    ),
  ];
}

/** A domain of at least three segments. */
function checkQualifiedName(field: string, name: string): FieldError[] {
  if (name === '') return [requiredValue(field)];
  const faults = checkJoined(field, name, subdomainNameErrors);
  if (faults.length > 0) return faults;
  const detail = 'should be a domain with at least three segments separated by dots';
  return name.split('.').length < 3 ? [invalidValue(field, name, detail)] : [];
}

function checkTimeout(field: string, seconds = TIMEOUT_SECONDS): FieldError[] {
  const isOutside = seconds < TIMEOUT_SECONDS_MIN || seconds > TIMEOUT_SECONDS_MAX;
  const detail = `the timeout value must be between ${TIMEOUT_SECONDS_MIN} and ${TIMEOUT_SECONDS_MAX} seconds`;
  return isOutside ? [invalidValue(field, seconds, detail)] : [];
}

function checkConditions(field: string, conditions: readonly MatchCondition[] = []): FieldError[] {
  return validateMatchConditions(field, conditions, compileMatchConditions(field, conditions));
}
