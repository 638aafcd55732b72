import { isJsonObject } from '#api/json.ts';
import { decodeYaml } from '#apiserver/decode-yaml.ts';

/** One issuer of tokens for people, as `AuthenticationConfiguration` describes it. */
export interface TrustedIssuer {
  readonly url: string;
  /** Where its discovery document is; below `url` where absent. */
  readonly discoveryUrl: string;
  /** A token must be meant for one of these. */
  readonly audiences: readonly string[];
  /** PEM; the well-known authorities where absent. */
  readonly certificateAuthority: string | undefined;
  readonly username: MappedClaim;
  readonly groups: MappedClaim | undefined;
  readonly uidClaim: string | undefined;
  /** Claims that must have a certain value. */
  readonly required: readonly { readonly claim: string; readonly value: string }[];
}

/** Where a name is read, and what is put before it. */
export interface MappedClaim {
  readonly claim: string;
  readonly prefix: string;
}

/** Issuers that one file may name; more are an error. */
const ISSUERS_MAX = 64;

const API_VERSION_REGEXP = /^apiserver\.config\.k8s\.io\/v1(?:beta1|alpha1)?$/u;

/**
 * Reads a structured authentication configuration (Kubernetes docs, "Using Authentication Configuration"; YAML or JSON).
 * Claims are mapped by name; CEL expressions are refused. Throws a sentence for people that names the field.
 */
export function readAuthenticationConfiguration(text: string): readonly TrustedIssuer[] {
  const value: unknown = /^\s*\{/u.test(text) ? JSON.parse(text) : decodeYaml(text);
  const root = objectAt(value, 'the file');
  if (
    !API_VERSION_REGEXP.test(textAt(root, 'apiVersion')) ||
    textAt(root, 'kind') !== 'AuthenticationConfiguration'
  )
    throw new Error('apiVersion and kind: apiserver.config.k8s.io/v1 AuthenticationConfiguration is wanted');
  refuseOthers(root, 'the file', ['apiVersion', 'kind', 'jwt']);
  const issuers = listAt(root, 'jwt').map((item, index) =>
    readIssuer(objectAt(item, `jwt[${index}]`), `jwt[${index}]`),
  );
  if (issuers.length > ISSUERS_MAX)
    throw new Error(`jwt: ${issuers.length} issuers, at most ${ISSUERS_MAX} are read`);
  const urls = issuers.map(({ url }) => url);
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice !== undefined) throw new Error(`jwt: issuer "${twice}" stands there twice`);
  return issuers;
}

type Fields = Readonly<Record<string, unknown>>;

function readIssuer(fields: Fields, field: string): TrustedIssuer {
  refuseOthers(fields, field, ['issuer', 'claimMappings', 'claimValidationRules']);
  const issuer = objectAt(fields.issuer, `${field}.issuer`);
  refuseOthers(issuer, `${field}.issuer`, [
    'url',
    'discoveryURL',
    'audiences',
    'audienceMatchPolicy',
    'certificateAuthority',
  ]);
  const url = httpsUrl(textAt(issuer, 'url', `${field}.issuer`), `${field}.issuer.url`);
  const discovery = optionalTextAt(issuer, 'discoveryURL', `${field}.issuer`);
  const audiences = listAt(issuer, 'audiences', `${field}.issuer`).map(String);
  if (audiences.length === 0) throw new Error(`${field}.issuer.audiences: at least one is wanted`);
  const mappings = objectAt(fields.claimMappings, `${field}.claimMappings`);
  refuseOthers(mappings, `${field}.claimMappings`, ['username', 'groups', 'uid']);
  const uid = mappings.uid === undefined ? undefined : objectAt(mappings.uid, `${field}.claimMappings.uid`);
  const username = mappedClaim(mappings.username, `${field}.claimMappings.username`);
  if (username === undefined) throw new Error(`${field}.claimMappings.username: it is wanted`);
  return {
    url,
    discoveryUrl:
      discovery === undefined
        ? `${url.replace(/\/$/u, '')}/.well-known/openid-configuration`
        : httpsUrl(discovery, `${field}.issuer.discoveryURL`),
    audiences,
    certificateAuthority: optionalTextAt(issuer, 'certificateAuthority', `${field}.issuer`),
    username,
    groups: mappedClaim(mappings.groups, `${field}.claimMappings.groups`),
    uidClaim: uid === undefined ? undefined : textAt(uid, 'claim', `${field}.claimMappings.uid`),
    required: listAt(fields, 'claimValidationRules', field).map((rule, index) =>
      requiredClaim(rule, `${field}.claimValidationRules[${index}]`),
    ),
  };
}

function requiredClaim(value: unknown, field: string): { claim: string; value: string } {
  const rule = objectAt(value, field);
  refuseOthers(rule, field, ['claim', 'requiredValue']);
  return { claim: textAt(rule, 'claim', field), value: optionalTextAt(rule, 'requiredValue', field) ?? '' };
}

/** As upstream, a prefix has to be given where a claim is, be it an empty one. */
function mappedClaim(value: unknown, field: string): MappedClaim | undefined {
  if (value === undefined) return undefined;
  const mapping = objectAt(value, field);
  refuseOthers(mapping, field, ['claim', 'prefix']);
  const { prefix } = mapping;
  if (typeof prefix !== 'string') throw new Error(`${field}.prefix: it is wanted; "" for none`);
  return { claim: textAt(mapping, 'claim', field), prefix };
}

function httpsUrl(text: string, field: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw new Error(`${field}: "${text}" is no https URL`);
}

function objectAt(value: unknown, field: string): Fields {
  if (isJsonObject(value)) return value;
  throw new Error(`${field}: an object is wanted`);
}

function textAt(fields: Fields, name: string, field = ''): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${field === '' ? name : `${field}.${name}`}: a text is wanted`);
}

function optionalTextAt(fields: Fields, name: string, field: string): string | undefined {
  return fields[name] === undefined ? undefined : textAt(fields, name, field);
}

function listAt(fields: Fields, name: string, field = ''): readonly unknown[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value)) return value;
  throw new Error(`${field === '' ? name : `${field}.${name}`}: a list is wanted`);
}

/** What would be left out unread must not look as if it counted. */
function refuseOthers(fields: Fields, field: string, known: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !known.includes(name));
  if (other !== undefined) throw new Error(`${field}: "${other}" is not supported`);
}
