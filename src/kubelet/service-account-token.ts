import type { TokenRequest } from '#api/authentication/token-request.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import type { Client } from '#client/client.ts';
import type { RequestToken } from '#kubelet/volumes/volume.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Gets tokens for pods from the API server (TokenRequest), bound to the pod: they end with it. */
export function createTokenRequest(client: Client): RequestToken {
  return async ({ pod, audience, expirationSeconds }) => {
    const { name, namespace, uid } = pod.metadata;
    const account = pod.spec.serviceAccountName ?? 'default';
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const answer = (await client.createSubresource(
      serviceAccountResource,
      { namespace, name: account },
      { subresource: 'token', body },
    )) as TokenRequest;
    const token = answer.status?.token;
    const expiresMs = parseTimestamp(answer.status?.expirationTimestamp);
    if (token === undefined || expiresMs === undefined)
      throw new Error(`the API server answered no token for service account "${account}"`);
    return { token, expiresMs };
  };
}
