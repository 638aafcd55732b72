import type { TokenReview, UserInfo } from '#api/authentication/token-review.ts';
import type { SchemaSet } from '#api/schema.ts';
import { badRequest } from '#api/status.ts';
import { type Authenticator, TokenError } from '#apiserver/authentication/authenticator.ts';
import { decodeReview } from '#apiserver/authorization/decode-review.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, type User } from '#apiserver/request.ts';

/** A user as reviews show him. */
export function userInfoOf({ name, uid, groups, extra }: User): UserInfo {
  return {
    username: name,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}

/** `POST tokenreviews`: whom a token stands for. Nothing is stored. */
export async function serveTokenReview(
  request: ApiRequest,
  { schemas, authenticator, version }: { schemas: SchemaSet; authenticator: Authenticator; version: string },
): Promise<ApiResponse> {
  const review = decodeReview<Partial<TokenReview>>(request, {
    schemas,
    schema: 'authentication/v1.TokenReview',
    kind: 'TokenReview',
    version,
  });
  const { token = '', audiences } = review.spec ?? {};
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const wanted = audiences === undefined || audiences.length === 0 ? authenticator.audiences : audiences;
  const found = await authenticator.review(token, wanted);
  const status =
    found instanceof TokenError
      ? { user: {}, error: `[${found.message}]` }
      : {
          authenticated: true,
          user: userInfoOf(found.user),
          ...(found.audiences.length === 0 ? {} : { audiences: found.audiences }),
        };
  return jsonResponse(201, {
    kind: 'TokenReview',
    apiVersion: `authentication.k8s.io/${version}`,
    metadata: { ...review.metadata, creationTimestamp: null },
    spec: { ...review.spec, ...(audiences === undefined ? {} : { audiences }) },
    status,
  });
}
