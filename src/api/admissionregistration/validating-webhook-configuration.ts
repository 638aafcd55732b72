import type { MatchCondition, RuleWithOperations } from '#api/admissionregistration/rule.ts';
import type { WebhookClientConfig } from '#api/admissionregistration/webhook-client.ts';
import { defaultWebhook, validateWebhooks } from '#api/admissionregistration/webhook-rules.ts';
import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `admissionregistration.k8s.io/v1.ValidatingWebhookConfiguration`. */
export interface ValidatingWebhookConfiguration extends KubeObject {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'ValidatingWebhookConfiguration';
  webhooks?: ValidatingWebhook[];
}

/** `admissionregistration.k8s.io/v1.ValidatingWebhook`. */
export interface ValidatingWebhook {
  admissionReviewVersions: string[];
  clientConfig: WebhookClientConfig;
  failurePolicy?: 'Ignore' | 'Fail';
  matchConditions?: MatchCondition[];
  matchPolicy?: 'Exact' | 'Equivalent';
  name: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  rules?: RuleWithOperations[];
  sideEffects: string;
  timeoutSeconds?: number;
}

/** `validatingwebhookconfigurations.admissionregistration.k8s.io`. */
export const validatingWebhookConfigurationResource: ResourceType<ValidatingWebhookConfiguration> =
  defineResource<ValidatingWebhookConfiguration>({
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    categories: ['api-extensions'],
    namespaced: false,
    schema: 'admissionregistration/v1.ValidatingWebhookConfiguration',
    applyDefaults: ({ webhooks = [] }) => {
      for (const webhook of webhooks) {
        defaultWebhook(webhook);
      }
    },
    fillsZeros: true,
    validate: ({ webhooks }, old) => validateWebhooks(webhooks, old?.webhooks),
    columns: [
      NAME_COLUMN,
      numberColumn('Webhooks', 'How many webhooks are called.', ({ webhooks = [] }) => webhooks.length),
      AGE_COLUMN,
    ],
  });
