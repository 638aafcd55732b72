/** A link of a Markdown text, as it is written. */
export interface MarkdownLink {
  readonly target: string;
  /** 1-based. */
  readonly line: number;
}

/** The inline links and images of a text, those in code left out. */
export function linksOf(text: string): MarkdownLink[] {
  return withoutCode(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\]\(([^)\s]+)\)/gu)].map((match) => ({ target: match[1] ?? '', line: index + 1 })),
    );
}

/** The anchors of the headings of a text, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```/gmu, '').matchAll(/^#+ (.*)$/gmu)];
  const slug = (heading: string): string =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  return new Set(headings.map((match) => slug(match[1] ?? '')));
}

/** What stands in fences and in backquotes: one entry for each line of a fence and each span, with its line. */
export function codeOf(text: string): { readonly code: string; readonly line: number }[] {
  let fenced = false;
  return text.split('\n').flatMap((content, index) => {
    const line = index + 1;
    if (content.startsWith('```')) {
      fenced = !fenced;
      return [];
    }
    if (fenced) return [{ code: content, line }];
    return [...content.matchAll(/`([^`]+)`/gu)].map((match) => ({ code: match[1] ?? '', line }));
  });
}

/** The same lines, with fences and spans of code emptied. */
function withoutCode(text: string): string {
  const blank = (code: string): string => code.replaceAll(/[^\n]/gu, '');
  return text.replaceAll(/^```[\s\S]*?^```/gmu, blank).replaceAll(/`[^`\n]+`/gu, blank);
}
