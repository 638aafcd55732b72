import type { AuditLevel, AuditStage } from '#apiserver/audit/policy.ts';
import { sourceAddresses } from '#apiserver/audit/source-addresses.ts';
import { isComponent } from '#apiserver/components.ts';
import type { ApiRequest, User } from '#apiserver/request.ts';
import type { RequestInfo, ResourcePath } from '#apiserver/request-info.ts';
import { microTimestamp } from '#system/clock.ts';

/** The longest body of a request or an answer that an event holds, in bytes; of a longer one only its length is told. */
const BODY_BYTES_MAX = 1024 * 1024;
/** The longest URI or User-Agent that an event holds, in characters; a longer one is cut. */
const TEXT_CHARS_MAX = 2048;

/** What becomes one event. */
export interface AuditFacts {
  readonly level: AuditLevel;
  readonly stage: AuditStage;
  readonly auditId: string;
  readonly request: ApiRequest;
  readonly info: RequestInfo | undefined;
  readonly verb: string;
  readonly user: User | undefined;
  /** Who really asked, where the request is made as another user. */
  readonly impersonator: User | undefined;
  readonly receivedMs: number;
  readonly nowMs: number;
  readonly code: number | undefined;
  /** Of a refusal: its Status. */
  readonly status: { readonly message?: string; readonly reason?: string } | undefined;
  readonly requestBody: string | undefined;
  readonly responseBody: string | undefined;
}

/** An `audit.k8s.io/v1.Event` as JSON text. Built by hand: it is made for every write, and no body is parsed for it. */
export function eventBody(facts: AuditFacts): string {
  const { request, info, user, impersonator, code, status } = facts;
  const { notes } = request;
  const url = request.query.size === 0 ? request.path : `${request.path}?${request.query.toString()}`;
  const caller = impersonator ?? user;
  let text = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${facts.level}","auditID":${quote(facts.auditId)},"stage":"${facts.stage}","requestURI":${quote(url.slice(0, TEXT_CHARS_MAX))},"verb":${quote(facts.verb)},"user":${userText(caller)}`;
  if (impersonator !== undefined) text += `,"impersonatedUser":${userText(user)}`;
  const sources = sourceAddresses(request);
  if (sources.length > 0) text += `,"sourceIPs":${JSON.stringify(sources)}`;
  const agent = request.headers['user-agent'] ?? componentAgent(caller);
  if (agent !== undefined && agent !== '') text += `,"userAgent":${quote(agent.slice(0, TEXT_CHARS_MAX))}`;
  if (info?.type === 'resource') text += `,"objectRef":${referenceText(info, notes?.object)}`;
  if (code !== undefined) text += `,"responseStatus":${statusText(code, status)}`;
  if (facts.requestBody !== undefined) text += `,"requestObject":${bodyText(facts.requestBody)}`;
  if (facts.responseBody !== undefined) text += `,"responseObject":${bodyText(facts.responseBody)}`;
  text += `,"requestReceivedTimestamp":"${microTimestamp(facts.receivedMs)}","stageTimestamp":"${microTimestamp(facts.nowMs)}"`;
  const annotations = notes?.auditAnnotations;
  if (annotations !== undefined) text += `,"annotations":${JSON.stringify(annotations)}`;
  return `${text}}`;
}

/** What components of this process call themselves: they send no headers. */
function componentAgent(user: User | undefined): string | undefined {
  return user !== undefined && isComponent(user) ? `skerry/${user.name}` : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function userText(user: User | undefined): string {
  if (user === undefined) return '{}';
  const { name, groups, uid, extra } = user;
  let text = `{"username":${quote(name)}`;
  if (uid !== undefined) text += `,"uid":${quote(uid)}`;
  if (groups.length > 0) text += `,"groups":${JSON.stringify(groups)}`;
  if (extra !== undefined) text += `,"extra":${JSON.stringify(extra)}`;
  return `${text}}`;
}

function referenceText(
  info: ResourcePath,
  object: { readonly name?: string; readonly uid?: string } | undefined,
): string {
  let text = `{"resource":${quote(info.plural)}`;
  if (info.namespace !== undefined) text += `,"namespace":${quote(info.namespace)}`;
  const name = info.name ?? object?.name;
  if (name !== undefined && name !== '') text += `,"name":${quote(name)}`;
  if (object?.uid !== undefined && object.uid !== '') text += `,"uid":${quote(object.uid)}`;
  if (info.group !== '') text += `,"apiGroup":${quote(info.group)}`;
  text += `,"apiVersion":${quote(info.version)}`;
  if (info.subresource !== undefined) text += `,"subresource":${quote(info.subresource)}`;
  return `${text}}`;
}

function statusText(code: number, status: AuditFacts['status']): string {
  let text = '{"metadata":{}';
  if (code >= 400) text += ',"status":"Failure"';
  if (status?.message !== undefined) text += `,"message":${quote(status.message.slice(0, TEXT_CHARS_MAX))}`;
  if (status?.reason !== undefined) text += `,"reason":${quote(status.reason)}`;
  return `${text},"code":${code}}`;
}

/** A body that is JSON stands as it is, on one line; anything else as a text. */
function bodyText(body: string): string {
  if (body.length > BODY_BYTES_MAX) return `{"skerry.io/omitted":"${body.length} characters"}`;
  try {
    return JSON.stringify(JSON.parse(body) as unknown);
  } catch {
    // YAML, Protobuf or broken: kept as the text that came.
    return quote(body);
  }
}
