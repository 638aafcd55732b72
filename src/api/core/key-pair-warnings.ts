/**
 * What is said where a certificate and a key, both base64 of PEM, are not even that: one sentence, or none. Whether the one
 * belongs to the other is not looked at here. Source: Go's `tls.X509KeyPair`, whose words these are.
 */
export function keyPairWarnings(certificateBase64: string, keyBase64: string): string[] {
  const certificates = blocksOf(certificateBase64);
  const keys = blocksOf(keyBase64);
  if (!certificates.includes('CERTIFICATE')) return [`tls: ${missingCertificate(certificates)}`];
  return keys.some((label) => label.endsWith('PRIVATE KEY')) ? [] : [`tls: ${missingKey(keys)}`];
}

/** What the blocks of a PEM text are. */
function blocksOf(base64: string): string[] {
  const blocks = atob(base64).matchAll(/-----BEGIN ([^-\n]+)-----[^]*?-----END \1-----/g);
  return Array.from(blocks, ([, label = '']) => label);
}

function missingCertificate(blocks: readonly string[]): string {
  if (blocks.length === 0) return 'failed to find any PEM data in certificate input';
  if (blocks.length === 1 && blocks[0]?.endsWith('PRIVATE KEY') === true)
    return 'failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  return `failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${labelsOf(blocks)}`;
}

function missingKey(blocks: readonly string[]): string {
  if (blocks.length === 0) return 'failed to find any PEM data in key input';
  if (blocks.length === 1 && blocks[0] === 'CERTIFICATE')
    return 'found a certificate rather than a key in the PEM for the private key';
  return `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${labelsOf(blocks)}`;
}

function labelsOf(blocks: readonly string[]): string {
  return `[${blocks.join(' ')}]`;
}
