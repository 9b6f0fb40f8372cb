import jsTokens from 'js-tokens';

export interface Words {
  identifiers: Word[];
  phrases: Word[];
  typescript: Word[];
}

interface Word {
  pattern: RegExp;
  replacement: string;
}

export interface Found {
  path: string;
  /** From 1; `null` when the path itself holds the word. */
  line: number | null;
  text: string;
  replacement: string;
}

/** Between the words of a phrase: a space, or a line break with the mark of a comment. */
const gap = String.raw`(?:[^\S\n]+|[^\S\n]*\n[^\S\n]*(?:(?://|\*|--|#|>)[^\S\n]*)?)`;
const inText = /\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[a-z]+_\w+)\b/g;

/** Parses the text of words.txt. @throws {Error} with the line that is wrong */
export function parseWords(text: string): Words {
  const words: Words = { identifiers: [], phrases: [], typescript: [] };
  let section: keyof Words | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const heading = /^\[(identifiers|phrases|typescript)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading as keyof Words; // one of the three that the expression names
      continue;
    }
    const [source, replacement, ...rest] = line.split(' -> ');
    if (section === undefined || !source || !replacement || rest.length > 0) {
      throw new Error(`words.txt:${index + 1}: expected "pattern -> replacement" in a section`);
    }
    words[section].push({ pattern: compile(section, source), replacement });
  }
  return words;
}

/** Each line's uses of a word, in the order of the lines, after those in the path. Binary files hold none. */
export function findWords(path: string, text: string, words: Words): Found[] {
  if (text.includes('\0')) return [];
  const lineAt = lineFinder(text);
  const found: Found[] = [];
  for (const segment of path.split('/')) {
    const name = segment.replace(/\..*$/, '');
    const replacement = replacementOf(camelCase(name), words.identifiers);
    if (replacement !== undefined) found.push({ path, line: null, text: name, replacement });
  }
  const inFile: Found[] = [];
  for (const { value, index } of identifiersOf(path, text)) {
    const replacement = replacementOf(value, words.identifiers);
    if (replacement !== undefined) {
      inFile.push({ path, line: lineAt(index), text: value, replacement });
    }
  }
  const patterns = [...words.phrases, ...(path.endsWith('.ts') ? words.typescript : [])];
  for (const { pattern, replacement } of patterns) {
    for (const match of text.matchAll(pattern)) {
      const shown = match[0].replace(/\s+/g, ' ');
      inFile.push({ path, line: lineAt(match.index), text: shown, replacement });
    }
  }
  const once = new Map(inFile.map((one) => [`${one.line} ${one.text}`, one]));
  return [...found, ...[...once.values()].toSorted((a, b) => Number(a.line) - Number(b.line))];
}

function compile(section: keyof Words, source: string): RegExp {
  if (section === 'identifiers') return new RegExp(`^(?:${source})$`);
  if (section === 'phrases') return new RegExp(`\\b(?:${source.replaceAll(' ', gap)})`, 'gi');
  return new RegExp(source, 'g');
}

function replacementOf(identifier: string, words: Word[]): string | undefined {
  return words.find(({ pattern }) => pattern.test(identifier))?.replacement;
}

/**
 * All names in the code of a JavaScript, TypeScript or Lua file, and the words in any other text that can only be names:
 * those in camelCase or snake_case.
 */
function* identifiersOf(path: string, text: string): Generator<{ value: string; index: number }> {
  const tokens = /\.[cm]?[jt]s$/.test(path) ? jsTokens(text) : otherTokens(path, text);
  let index = 0;
  for (const { type, value } of tokens) {
    if (type === 'IdentifierName') yield { value, index };
    else
      for (const word of value.matchAll(inText))
        yield { value: word[0], index: index + word.index };
    index += value.length;
  }
}

/** Comments and strings of Lua are text, as are whole files of other kinds. */
function* otherTokens(path: string, text: string): Generator<{ type: string; value: string }> {
  if (!path.endsWith('.lua')) {
    yield { type: 'Text', value: text };
    return;
  }
  const token = /--\[\[[^]*?\]\]|--.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|([A-Za-z_]\w*)|[^]/g;
  for (const match of text.matchAll(token)) {
    yield { type: match[1] === undefined ? 'Text' : 'IdentifierName', value: match[0] };
  }
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function lineFinder(text: string): (index: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (index) => {
    const line = starts.findIndex((start) => start > index);
    return line === -1 ? starts.length : line;
  };
}
