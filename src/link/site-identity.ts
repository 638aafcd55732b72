import type { PeerCertificate } from '#system/network.ts';

/** The group that every site's certificate names. */
export const SITES_GROUP = 'skerry:sites';

const SITE_PREFIX = 'skerry:site:';

/** The user name that a site's certificate carries. */
export function siteUserName(site: string): string {
  return `${SITE_PREFIX}${site}`;
}

/** The site that a verified certificate names, or undefined where it is no site's. */
export function siteOfCertificate(certificate: PeerCertificate | undefined): string | undefined {
  if (certificate === undefined || !certificate.organizations.includes(SITES_GROUP)) return undefined;
  if (!certificate.commonName.startsWith(SITE_PREFIX)) return undefined;
  return certificate.commonName.slice(SITE_PREFIX.length);
}
