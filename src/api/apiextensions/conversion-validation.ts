import type {
  CustomResourceConversion,
  WebhookClientConfig,
} from '#api/apiextensions/custom-resource-definition.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { serviceNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';
import { checkWebhookAddress } from '#api/webhook-address.ts';

/** The forms of a ConversionReview that servers of Kubernetes speak; one of them must be among those of the webhook. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

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
      ...validateReviews(webhook?.conversionReviewVersions ?? []),
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

function validateReviews(versions: readonly string[]): FieldError[] {
  const field = `${FIELD}.conversionReviewVersions`;
  if (versions.length === 0) return [requiredValue(field)];
  return [
    ...versions.flatMap((version, index) =>
      versions.indexOf(version) < index
        ? [invalidValue(`${field}[${index}]`, version, 'duplicate version')]
        : serviceNameErrors(version).map((detail) => invalidValue(`${field}[${index}]`, version, detail)),
    ),
    ...(versions.some((version) => REVIEW_VERSIONS.includes(version))
      ? []
      : [invalidValue(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`)]),
  ];
}
