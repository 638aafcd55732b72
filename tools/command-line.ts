import { runCommand } from './run-command.ts';

/** The longest that one `--help` may take. */
const HELP_MS_MAX = 20_000;

/** The commands of `skerry` by their names (`token create`; the empty name for `skerry` itself), each with its options. */
export type CommandLine = ReadonlyMap<string, ReadonlySet<string>>;

/** Asks `skerry` for its commands and their options, as a person would. Throws where it does not answer. */
export async function readCommandLine(): Promise<CommandLine> {
  const commands = new Map<string, ReadonlySet<string>>();
  const visit = async (path: readonly string[]): Promise<void> => {
    const { ok, output } = await runCommand(['node', 'bin/skerry.mjs', ...path, '--help'], {
      limitMs: HELP_MS_MAX,
    });
    if (!ok) throw new Error(`skerry ${path.join(' ')} --help failed:\n${output}`);
    const { options, subcommands } = parseHelp(output);
    commands.set(path.join(' '), options);
    await Promise.all(subcommands.map((name) => visit([...path, name])));
  };
  await visit([]);
  return commands;
}

/** The options and subcommands that a help text of commander lists. */
export function parseHelp(help: string): { options: Set<string>; subcommands: string[] } {
  const section = (title: string): string =>
    new RegExp(`^${title}:\\n(?<body>(?: .*\\n?|\\n(?= ))*)`, 'mu').exec(help)?.groups?.['body'] ?? '';
  const options = [...section('Options').matchAll(/^ {2}(?:-\w, )?(--[a-z][a-z-]*)/gmu)].map(
    (match) => match[1] ?? '',
  );
  const names = [...section('Commands').matchAll(/^ {2}([a-z][a-z-]*)/gmu)].map((match) => match[1] ?? '');
  return { options: new Set(options), subcommands: names.filter((name) => name !== 'help') };
}

/** What is wrong with a written command such as `npx skerry up --detach`; undefined where nothing is, or it is none. */
export function commandFault(code: string, commandLine: CommandLine): string | undefined {
  const words = /^(?:\$ )?(?:sudo )?(?:npx )?skerry(?<rest>(?: .*)?)$/u.exec(code.trim())?.groups?.['rest'];
  if (words === undefined) return undefined;
  const command = words.replace(/ [#|>&].*$/u, '').trim();
  const named = [...commandLine.keys()].filter(
    (name) => command === name || command.startsWith(`${name} `) || name === '',
  );
  const name = named.toSorted((a, b) => b.length - a.length)[0] ?? '';
  const rest = command.slice(name.length).trim();
  if (name === '' && rest !== '' && !rest.startsWith('-'))
    return `"skerry ${rest.split(' ')[0]}" is no command`;
  const known = new Set([...(commandLine.get(name) ?? []), '--help']);
  const unknown = [...rest.matchAll(/(?<=^|[\s[])--[a-z][a-z-]*/gu)]
    .map(String)
    .find((option) => !known.has(option));
  return unknown === undefined ? undefined : `"skerry ${name}" has no option ${unknown}`;
}
