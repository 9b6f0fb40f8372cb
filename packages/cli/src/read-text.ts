import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { BadInput } from './bad-input.ts';

/** The text of a file, or of stdin for `-`. @throws {BadInput} naming the flag */
export async function readText(path: string, flag: string): Promise<string> {
  if (path === '-') return text(process.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw cannotRead(path, flag, cause);
  }
}

export function cannotRead(path: string, flag: string, cause: unknown): BadInput {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such file' : message;
  return new BadInput(`${flag} ${path} cannot be read: ${why}.`, { cause });
}

export function cannotWrite(path: string, flag: string, cause: unknown): BadInput {
  return new BadInput(`${flag} ${path} cannot be written: ${(cause as Error).message}.`, { cause });
}
