import path from 'node:path';

import { withoutPassword } from '../redis/ping.ts';
import type { Stack } from './stack.ts';

/** Where everything is, and what to try first. */
export function tour(stack: Stack, logDir: string): string {
  const { apiUrl, redis, upstream, workers } = stack;
  const names = workers.map((worker) => `${worker.name} (process ${worker.pid})`);
  const logs = path.relative(process.cwd(), logDir);
  return [
    '',
    'promptq is ready.',
    `  API        ${apiUrl}`,
    `  API docs   ${apiUrl}/docs`,
    `  workers    ${names.join(', ')}`,
    `  upstream   ${upstream.what}`,
    `  Redis      ${withoutPassword(redis.url)} (${redis.how})`,
    `  logs       ${logs}/api.log, ${logs}/worker-*.log`,
    '',
    'Try it:',
    `  curl -s ${apiUrl}/v1/jobs -H 'content-type: application/json' \\`,
    `    -d '{"type":"chat","input":{"message":"Say hello"}}'`,
    `  curl -s ${apiUrl}/v1/jobs/<the id in the answer>`,
    '  npx -y pnpm@12 webhook:listen    # a receiver of webhooks: "webhook": {"url": "http://127.0.0.1:4000/"}',
  ].join('\n');
}

/** Nobody should take the stand-in's answers for a model's. */
export const standInWarning =
  '!!! NO REAL MODEL: a local STAND-IN answers, because neither OPENAI_API_KEY nor OPENAI_BASE_URL is set (environment or .env) !!!';
