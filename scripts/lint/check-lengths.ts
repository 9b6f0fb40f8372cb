const maxLines = 200;
const maxLongFiles = 3;
/** The first line of a long file, in TypeScript and in Lua. */
const reason = /^(?:\/\/|\/\*\*?|--) More than 200 lines: \S/;

interface SourceFile {
  path: string;
  text: string;
}

/** Checks the lengths of source files. @returns what is wrong, one message a line */
export function checkLengths(files: SourceFile[]): string[] {
  const long = files
    .map(({ path, text }) => ({ path, text, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .toSorted((a, b) => b.lines - a.lines);
  const unexplained = long
    .filter(({ text }) => !reason.test(text))
    .map(
      ({ path, lines }) =>
        `${path}: ${lines} lines. Split the file, or begin it with "// More than 200 lines: <reason>".`,
    );
  if (long.length <= maxLongFiles) return unexplained;
  const list = long.map(({ path, lines }) => `  ${path} (${lines})`).join('\n');
  return [
    ...unexplained,
    `${long.length} files have more than ${maxLines} lines; at most ${maxLongFiles} may:\n${list}`,
  ];
}
