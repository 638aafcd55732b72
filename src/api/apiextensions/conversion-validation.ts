import type {
  CustomResourceConversion,
  WebhookClientConfig,
} from '#api/apiextensions/custom-resource-definition.ts';
import { forbiddenField, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';
import { checkReviewVersions, checkWebhookAddress } from '#api/webhook-address.ts';

const FIELD = 'spec.conversion';

/** What is wrong with the way in which objects get from one version into another. */
export function validateConversion(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (conversion === undefined) return [];
  const strategy: string = conversion.strategy ?? '';
  const { webhook } = conversion;
  if (strategy === '') return [requiredValue(`${FIELD}.strategy`)];
  if (strategy !== 'None' && strategy !== 'Webhook')
    return [unsupportedValue(`${FIELD}.strategy`, strategy, ['None', 'Webhook'])];
  if (strategy === 'Webhook')
    return [
      ...validateClient(webhook?.clientConfig),
      ...checkReviewVersions(`${FIELD}.conversionReviewVersions`, webhook?.conversionReviewVersions ?? []),
    ];
  const detail = 'should not be set when strategy is not set to Webhook';
  return [
    ...(webhook?.clientConfig === undefined ? [] : [forbiddenField(`${FIELD}.webhookClientConfig`, detail)]),
    ...((webhook?.conversionReviewVersions ?? []).length === 0
      ? []
      : [forbiddenField(`${FIELD}.conversionReviewVersions`, detail)]),
  ];
}

function validateClient(client: WebhookClientConfig | undefined): FieldError[] {
  const field = `${FIELD}.webhookClientConfig`;
  if (client === undefined) return [requiredValue(field, 'required when strategy is set to Webhook')];
  return checkWebhookAddress(field, client);
}
