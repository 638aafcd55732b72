import { SITE_USER_PREFIX, SITES_GROUP } from '#apiserver/authorization/site-authorizer.ts';
import type { PeerCertificate } from '#system/network.ts';

/** The user name that a site's certificate carries. */
export function siteUserName(site: string): string {
  return `${SITE_USER_PREFIX}${site}`;
}

/** The site that a verified certificate names, or undefined where it is no site's. */
export function siteOfCertificate(certificate: PeerCertificate | undefined): string | undefined {
  if (certificate === undefined || !certificate.organizations.includes(SITES_GROUP)) return undefined;
  if (!certificate.commonName.startsWith(SITE_USER_PREFIX)) return undefined;
  return certificate.commonName.slice(SITE_USER_PREFIX.length);
}
