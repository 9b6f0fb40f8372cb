import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { Router } from 'express';
import helmet from 'helmet';
import type { Redis } from 'ioredis';
import { jobTypes } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { webhooksQueue } from '@promptq/shared/webhooks';
import { authorize } from '../auth/authorize.ts';
import type { Keyring } from '../auth/keyring.ts';
import { Problem } from '../problems/problem.ts';
import { BoardQueue } from './board-queue.ts';
import { BoardServer } from './board-server.ts';

const pollSeconds = 5;

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  /** `null` when there are no keys: everybody may do everything. */
  keyring: Keyring | null;
  /** Where it is mounted. */
  path: string;
}

/**
 * The board: the queues of all tenants as pages for a browser, which sends the API key as the password of Basic
 * authentication by itself. It only reads, and shows nothing of what jobs say. Only a process that serves it loads this file, and
 * the libraries with it.
 */
export function openBoard({ redis, keys, keyring, path }: Deps): Router {
  const server = new BoardServer(path);
  createBullBoard({
    queues: [...jobTypes, webhooksQueue].map((queue) => new BoardQueue({ redis, keys, queue })),
    serverAdapter: server,
    options: {
      uiBasePath: dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))),
      uiConfig: {
        boardTitle: 'promptq',
        hideRedisDetails: true,
        hideDocsLink: true,
        // `CLIENT LIST` for each queue at each poll, with the address of everybody who is connected.
        showWorkers: false,
        pollingInterval: { showSetting: true, forceInterval: pollSeconds },
      },
    },
  });
  const router = Router();
  router.use((req, _res, next) => {
    // A browser adds the key to requests that other sites make it send: nothing here may change anything.
    if (req.method === 'GET' || req.method === 'HEAD') next();
    else
      throw new Problem('method_not_allowed', `${req.method} is not allowed on this path.`, {
        headers: { Allow: 'GET, HEAD' },
      });
  });
  router.use(authorize(keyring, 'admin', 'browser'));
  router.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          // The page has styles of its own, and inlined images.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          baseUri: ["'self'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
    }),
  );
  router.use(server.router);
  return router;
}
