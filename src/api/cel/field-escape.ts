/** Names that CEL keeps for itself: a field of that name is written `__name__`. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/**
 * The name by which an expression speaks of a field: `x-y` is `x__dash__y`, `namespace` is `__namespace__`. Undefined for a
 * name that no expression can speak of. Source: Kubernetes' documentation of validation rules.
 */
export function escapeFieldName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (name === '' || /^[0-9]/.test(name)) return undefined;
  const escaped = name.replace(/__|[./-]/g, (part) => ESCAPES[part] ?? part);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
