import { StatusError } from '#api/status.ts';
import type { ApiRequest, User } from '#apiserver/request.ts';
import { TOKEN_CHARS_MAX } from '#pki/json-web-token.ts';

/** Whom a token stands for, and for which of the wanted audiences. */
export interface Authenticated {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** One kind of token. */
export interface TokenAuthenticator {
  /**
   * Whom the token stands for; undefined where it is of another kind. Throws {@link TokenError} where it is of this kind and
   * no good. `audiences`: whom it must be meant for, one of them at least.
   */
  readonly authenticate: (
    token: string,
    audiences: readonly string[],
  ) => Promise<Authenticated | undefined> | Authenticated | undefined;
}

/** Why a token is no good, for a TokenReview. A client who presents it is told no more than 401. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** From a request to who sends it. */
export interface Authenticator {
  /** The user; throws 401 where the request proves none. */
  readonly authenticate: (request: ApiRequest) => Promise<User> | User;
  /** As for a TokenReview: undefined with a reason where the token is no good. */
  readonly review: (token: string, audiences: readonly string[]) => Promise<Authenticated | TokenError>;
  /** Whom tokens for this API server are meant for. */
  readonly audiences: readonly string[];
}

/**
 * A client certificate tells first, then a bearer token, which the first kind that knows it decides on. Headers of a proxy
 * (`X-Remote-User`) prove nothing here.
 */
export function createAuthenticator(options: {
  readonly tokens: readonly TokenAuthenticator[];
  readonly audiences: readonly string[];
}): Authenticator {
  const { tokens, audiences } = options;
  const review = async (token: string, wanted: readonly string[]): Promise<Authenticated | TokenError> => {
    if (token.length > TOKEN_CHARS_MAX)
      return new TokenError(`the token has ${token.length} characters, at most ${TOKEN_CHARS_MAX} are read`);
    const reasons: string[] = [];
    for (const kind of tokens) {
      try {
        const found = await kind.authenticate(token, wanted);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        reasons.push(error.message);
      }
    }
    return new TokenError(['invalid bearer token', ...reasons].join(', '));
  };
  return {
    audiences,
    review,
    authenticate: (request) =>
      request.user ?? byToken(bearerTokenOf(request), (token) => review(token, audiences)),
  };
}

async function byToken(
  token: string | undefined,
  review: (token: string) => Promise<Authenticated | TokenError>,
): Promise<User> {
  if (token === undefined) throw unauthorized();
  const found = await review(token);
  if (found instanceof TokenError) throw unauthorized(found);
  return found.user;
}

function unauthorized(cause?: Error): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized', { cause });
}

/** The token of `Authorization: Bearer …` (RFC 6750, section 2.1). */
function bearerTokenOf({ headers }: ApiRequest): string | undefined {
  const header = headers.authorization ?? '';
  if (header.length > TOKEN_CHARS_MAX + 16) return undefined;
  const token = /^bearer +(\S+)\s*$/iu.exec(header)?.[1];
  return token === '' ? undefined : token;
}
