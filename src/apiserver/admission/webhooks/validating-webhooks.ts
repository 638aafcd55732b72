import {
  type ValidatingWebhook,
  validatingWebhookConfigurationResource,
} from '#api/admissionregistration/validating-webhook-configuration.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import {
  callWebhook,
  WebhookCallError,
  type WebhookCaller,
} from '#apiserver/admission/webhooks/call-webhook.ts';
import {
  failOpenOrClosed,
  heed,
  isAsked,
  isSubjectToWebhooks,
  type NamedWebhook,
  webhooksOf,
} from '#apiserver/admission/webhooks/webhooks-in-force.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';

export interface WebhookOptions extends WebhookCaller {
  readonly authorizer: Authorizer;
}

/** ValidatingAdmissionWebhook: all that match are asked at the same time, and the first no is the answer. */
export function validatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  const configurations = new StoredKind(options.store, validatingWebhookConfigurationResource);
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: isSubjectToWebhooks,
    async validate(request) {
      if (!configurations.isReady) await configurations.ready();
      if (configurations.size === 0) return;
      const asked = webhooksOf(configurations.list());
      const outcomes = await Promise.allSettled(asked.map((each) => ask(each, request, options)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}

async function ask(
  named: NamedWebhook<ValidatingWebhook>,
  request: AdmissionRequest,
  options: WebhookOptions,
): Promise<void> {
  try {
    if (!(await isAsked(named.webhook, request, options.authorizer))) return;
    const response = await callWebhook(named.webhook, request, { ...options, mayPatch: false });
    heed(named.webhook, response, request);
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error;
    failOpenOrClosed(named, request, { error, kind: 'validating' });
  }
}
