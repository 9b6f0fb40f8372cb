import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { BadInput } from '../context/errors.ts';

/** Reads a file, or stdin if `path` is `-`. @throws {BadInput} naming the flag */
export async function readText(path: string, flag: string): Promise<string> {
  if (path === '-') return text(process.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw cannotRead(path, flag, cause);
  }
}

/** The error for a file that cannot be read. */
export function cannotRead(path: string, flag: string, cause: unknown): BadInput {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'there is no such file' : message;
  return new BadInput(`${flag} ${path} cannot be read: ${reason}.`, { cause });
}

/** The error for a file that cannot be written. */
export function cannotWrite(path: string, flag: string, cause: unknown): BadInput {
  return new BadInput(`${flag} ${path} cannot be written: ${(cause as Error).message}.`, { cause });
}
