/** A revision of an application: the object that holds it, and the digest of what it holds. */
export interface RevisionReference {
  /** Name of the ApplicationRevision, in the application's namespace. */
  name: string;
  /** `sha256:` and 64 hexadecimal digits. */
  digest: string;
}
