import path from 'node:path';

import { withoutPassword } from '../redis/ping.ts';
import type { Stack } from './stack.ts';

/** The addresses of all parts, and the first commands to try. @param needsApiKey whether the API has API keys */
export function readyMessage(stack: Stack, logDir: string, needsApiKey: boolean): string {
  const { apiUrl, redis, upstream, workers } = stack;
  const names = workers.map((worker) => `${worker.name} (process ${worker.pid})`);
  const logs = path.relative(process.cwd(), logDir);
  const authorization = needsApiKey ? ` -H 'authorization: Bearer <your API key>'` : '';
  return [
    '',
    'promptq is ready.',
    `  API        ${apiUrl}`,
    `  API docs   ${apiUrl}/docs`,
    `  workers    ${names.join(', ')}`,
    `  upstream   ${upstream.description}`,
    `  Redis      ${withoutPassword(redis.url)} (${redis.how})`,
    `  logs       ${logs}/api.log, ${logs}/worker-*.log`,
    '',
    'Try it:',
    `  curl -s ${apiUrl}/v1/jobs${authorization} -H 'content-type: application/json' \\`,
    `    -d '{"type":"chat","input":{"message":"Say hello"}}'`,
    `  curl -s ${apiUrl}/v1/jobs/<id from the answer>${authorization}`,
    '  npx -y pnpm@12 webhook:listen    # receives webhooks of jobs with "webhook": {"url": "http://127.0.0.1:4000/"}',
  ].join('\n');
}

/** Printed so that nobody takes the stand-in's answers for those of a model. */
export const standInWarning =
  '!!! NO REAL MODEL: a local STAND-IN answers, because neither OPENAI_API_KEY nor OPENAI_BASE_URL is set (environment or .env) !!!';
