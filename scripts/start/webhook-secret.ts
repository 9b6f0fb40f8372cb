import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newWebhookSecret } from '@promptq/shared/webhooks';

/** The file that the local stack and `pnpm webhook:listen` share. */
function secretFileOf(root: string): string {
  return path.join(root, '.data', 'webhook-secret');
}

/** The webhook secret of the local stack. It is created once and kept, so that it stays the same for receivers. */
export async function localWebhookSecret(root: string): Promise<string> {
  const file = secretFileOf(root);
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await writeFile(file, `${newWebhookSecret()}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  await chmod(file, 0o600);
  return (await readFile(file, 'utf8')).trim();
}
