import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { type ConversionWebhooks, convertByWebhook } from '#apiserver/custom/conversion-webhook.ts';
import type { Convert } from '#apiserver/custom/stored-form.ts';

/**
 * How objects of a custom kind get from one version into another: with the same fields where the definition says no more,
 * else as its webhook makes them.
 */
export function createConvert(webhooks: ConversionWebhooks): Convert {
  return async (objects, type, apiVersion) => {
    const isThere = (object: KubeObject): boolean => object.apiVersion === apiVersion;
    if (type.custom?.conversion.strategy !== 'Webhook')
      return objects.map((object) => (isThere(object) ? object : { ...object, apiVersion }));
    const foreign = objects.filter((object) => !isThere(object));
    const converted = await convertByWebhook(webhooks, foreign, conversionOf(type, apiVersion));
    const next = converted[Symbol.iterator]();
    return objects.map((object) => (isThere(object) ? object : (next.next().value ?? object)));
  };
}

function conversionOf(type: ResourceType, apiVersion: string): Parameters<typeof convertByWebhook>[2] {
  return { type, apiVersion, webhook: type.custom?.conversion.webhook };
}
