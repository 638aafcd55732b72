/** What the configurations of mutating and of validating webhooks have in common. */
import type { MatchCondition, RuleWithOperations } from '#api/admissionregistration/rule.ts';
import type { WebhookClientConfig } from '#api/admissionregistration/webhook-client.ts';
import {
  checkLabelSelector,
  checkName,
  checkOneOf,
  checkPort,
  checkPresent,
  checkRange,
  checkUnique,
} from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, tooMany } from '#api/field-errors.ts';
import { qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { LabelSelector } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

const TIMEOUT_SECONDS = 10;
const TIMEOUT_SECONDS_RANGE = { min: 1, max: 30 };
/** The most match conditions of a webhook; more are refused. */
const MATCH_CONDITIONS_MAX = 64;
const HTTPS_PORT = 443;
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

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
  sideEffects: string;
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

/** What is wrong with the webhooks of a configuration. */
export function validateWebhooks(webhooks: readonly Webhook[] = []): FieldError[] {
  return [
    ...webhooks.flatMap((webhook, index) => validateWebhook(`webhooks[${index}]`, webhook)),
    ...checkUnique(
      webhooks.map(({ name }) => name),
      (index) => `webhooks[${index}].name`,
    ),
  ];
}

function validateWebhook(field: string, webhook: Webhook): FieldError[] {
  const { name, rules = [] } = webhook;
  const isQualified = name.split('.').length >= 3;
  return [
    ...checkName(`${field}.name`, name, subdomainNameErrors),
    ...(isQualified
      ? []
      : [
          invalidValue(
            `${field}.name`,
            name,
            'should be a domain with at least three segments separated by dots',
          ),
        ]),
    ...checkPresent(
      `${field}.admissionReviewVersions`,
      webhook.admissionReviewVersions,
      'must specify one of v1, v1beta1',
    ),
    ...checkOneOf(`${field}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']),
    ...checkOneOf(`${field}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']),
    ...checkOneOf(`${field}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']),
    ...checkRange(`${field}.timeoutSeconds`, webhook.timeoutSeconds, TIMEOUT_SECONDS_RANGE),
    ...checkLabelSelector(`${field}.namespaceSelector`, webhook.namespaceSelector),
    ...checkLabelSelector(`${field}.objectSelector`, webhook.objectSelector),
    ...rules.flatMap((rule, index) => validateRule(`${field}.rules[${index}]`, rule)),
    ...validateClient(`${field}.clientConfig`, webhook.clientConfig),
    ...validateMatchConditions(`${field}.matchConditions`, webhook.matchConditions),
  ];
}

/** What is wrong with one rule of what is intercepted. */
export function validateRule(field: string, rule: RuleWithOperations): FieldError[] {
  return [
    ...checkPresent(`${field}.operations`, rule.operations),
    ...(rule.operations ?? []).flatMap((operation, index) =>
      checkOneOf(`${field}.operations[${index}]`, operation, OPERATIONS),
    ),
    ...checkPresent(`${field}.apiGroups`, rule.apiGroups),
    ...checkPresent(`${field}.apiVersions`, rule.apiVersions),
    ...checkPresent(`${field}.resources`, rule.resources),
    ...checkOneOf(`${field}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']),
  ];
}

/** What is wrong with the conditions under which a request is looked at. */
export function validateMatchConditions(
  field: string,
  conditions: readonly MatchCondition[] = [],
): FieldError[] {
  return [
    ...(conditions.length > MATCH_CONDITIONS_MAX
      ? [tooMany(field, { found: conditions.length, max: MATCH_CONDITIONS_MAX })]
      : []),
    ...conditions.flatMap(({ name, expression }, index) => [
      ...(name === ''
        ? [requiredValue(`${field}[${index}].name`)]
        : checkName(`${field}[${index}].name`, name, qualifiedNameErrors)),
      ...checkPresent(`${field}[${index}].expression`, expression),
    ]),
    ...checkUnique(
      conditions.map(({ name }) => name),
      (index) => `${field}[${index}].name`,
    ),
  ];
}

function validateClient(field: string, { url, service }: WebhookClientConfig): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [requiredValue(field, 'exactly one of url or service is required')];
  if (service !== undefined) {
    return [
      ...checkPresent(`${field}.service.name`, service.name),
      ...checkPresent(`${field}.service.namespace`, service.namespace),
      ...checkPort(`${field}.service.port`, service.port),
    ];
  }
  return url?.startsWith('https://') === true
    ? []
    : [forbiddenField(`${field}.url`, "'https' is the only allowed URL scheme")];
}
