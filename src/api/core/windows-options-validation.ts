import type { WindowsSecurityContextOptions } from '#api/core/security-context.ts';
import { checkName } from '#api/field-checks.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The longest credential specification, in KiB; a longer one is refused. */
const CREDENTIAL_KIB_MAX = 64;
/** The length at which a domain is too long, and the longest user name, in characters. */
const DOMAIN_CHARS_LIMIT = 256;
const USER_CHARS_MAX = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DOMAIN =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** What is wrong with what a container on Windows runs as. */
export function validateWindowsOptions(
  field: string,
  options: WindowsSecurityContextOptions | undefined,
): FieldError[] {
  if (options === undefined) return [];
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  return [
    ...checkName(`${field}.gmsaCredentialSpecName`, gmsaCredentialSpecName, subdomainNameErrors),
    ...checkName(`${field}.gmsaCredentialSpec`, gmsaCredentialSpec, credentialErrors),
    ...checkName(`${field}.runAsUserName`, runAsUserName, userErrors),
  ];
}

function credentialErrors(text: string): string[] {
  if (text === '') return ['gmsaCredentialSpec cannot be an empty string'];
  return text.length > CREDENTIAL_KIB_MAX * 1024
    ? [`gmsaCredentialSpec size must be under ${CREDENTIAL_KIB_MAX} KiB`]
    : [];
}

/** `user` or `domain\user`. */
function userErrors(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? parts[0] : undefined;
  return [...(domain === undefined ? [] : domainErrors(domain)), ...accountErrors(user)];
}

function domainErrors(domain: string): string[] {
  return [
    ...(domain.length >= DOMAIN_CHARS_LIMIT
      ? [`runAsUserName's Domain length must be under ${DOMAIN_CHARS_LIMIT} characters`]
      : []),
    ...(NETBIOS.test(domain) || DOMAIN.test(domain)
      ? []
      : ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
  ];
}

function accountErrors(user: string): string[] {
  return [
    ...(user === '' ? ["runAsUserName's User cannot be empty"] : []),
    ...(user.length > USER_CHARS_MAX
      ? [`runAsUserName's User length must not be longer than ${USER_CHARS_MAX} characters`]
      : []),
    ...(/^[. ]+$/.test(user) ? ["runAsUserName's User cannot contain only periods or spaces"] : []),
    ...(/["/\\:;|=,+*?<>@[\]]/.test(user)
      ? [`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`]
      : []),
  ];
}
