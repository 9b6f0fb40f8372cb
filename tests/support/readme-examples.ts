import { readFile } from 'node:fs/promises';

/** The root of the repository. */
export const repository = new URL('../../', import.meta.url);

/** The fenced code blocks of a language in a Markdown file. @param path from the root of the repository */
export async function codeBlocks(path: string, language: string): Promise<string[]> {
  const text = await readFile(new URL(path, repository), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code = '']) => code);
}
