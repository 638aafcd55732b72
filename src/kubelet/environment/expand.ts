/**
 * Replaces `$(NAME)` by the value that `lookup` gives; `$$` stands for `$`, and a reference to a name that is not known
 * stays as it is (Kubernetes API reference, EnvVar.value).
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/gu, (reference: string, name: string | undefined) =>
    name === undefined ? '$' : (lookup(name) ?? reference),
  );
}
