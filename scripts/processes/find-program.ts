import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** Finds the first of these programs that is on PATH or in `extraDirs`, in the order of the names. @returns its full path */
export async function findProgram(
  names: readonly string[],
  extraDirs: readonly string[] = [],
): Promise<string | undefined> {
  const dirs = [...(process.env['PATH'] ?? '').split(path.delimiter), ...extraDirs];
  for (const name of names) {
    for (const dir of dirs.filter((entry) => entry !== '')) {
      const file = path.join(dir, name);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
