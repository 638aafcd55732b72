import type { SourceFile } from './source-files.ts';

/** One import of a file, as it is written. */
export interface ModuleImport {
  readonly specifier: string;
  /** `import type` and `export type`: gone when the file runs. */
  readonly isType: boolean;
  /** 1-based. */
  readonly line: number;
}

/** `import … from '…'`, `export … from '…'` and `import '…'`, which the formatter begins at the start of a line. */
const STATIC = /^(?:import|export)\s(?<type>type\s)?(?:[^'"`;]*?\sfrom\s)?'(?<specifier>[^'\n]+)'/gmu;
const DYNAMIC = /\bimport\(\s*'(?<specifier>[^'\n]+)'/gu;

/** Every module that a formatted TypeScript file names, types too. Computed names are not seen: lint refuses them in `src/`. */
export function importsOf({ text }: SourceFile): ModuleImport[] {
  return [...text.matchAll(STATIC), ...text.matchAll(DYNAMIC)].map((match) => ({
    specifier: match.groups?.specifier ?? '',
    isType: match.groups?.type !== undefined,
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** Whether a file says nothing of its own: every statement is `export … from`. */
export function onlyReexports({ text }: SourceFile): boolean {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gmu, '');
  const reexport = /^export\s(?:type\s)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'[^']+';?/gmu;
  return reexport.test(code) && code.replaceAll(reexport, '').trim() === '';
}
