import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { Router } from 'express';
import helmet from 'helmet';
import { jobTypes } from '@promptq/shared/contracts';
import { webhooksQueue } from '@promptq/shared/webhooks';
import type { Store } from '@promptq/store';
import { authorize } from '../auth/authorize.ts';
import type { Keyring } from '../auth/keyring.ts';
import { Problem } from '../problems/problem.ts';
import { BoardQueue } from './board-queue.ts';
import { BoardServer } from './board-server.ts';

const pollSeconds = 5;

interface Deps {
  store: Store;
  /** `null` when there are no keys; then every caller has all scopes. */
  keyring: Keyring | null;
  /** The path where the board is mounted. */
  path: string;
}

/**
 * The board: pages about the queues of all tenants. A browser sends the API key as the password of Basic
 * authentication. The board is read-only and shows no inputs or outputs. This file and its libraries are loaded only if
 * the board is enabled.
 */
export function openBoard({ store, keyring, path }: Deps): Router {
  const server = new BoardServer(path);
  createBullBoard({
    queues: ([...jobTypes, webhooksQueue] as const).map(
      (queue) => new BoardQueue({ store, queue }),
    ),
    serverAdapter: server,
    options: {
      uiBasePath: dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))),
      uiConfig: {
        boardTitle: 'promptq',
        hideRedisDetails: true,
        hideDocsLink: true,
        // It would send `CLIENT LIST` for each queue at each poll, and show the addresses of all clients.
        showWorkers: false,
        pollingInterval: { showSetting: true, forceInterval: pollSeconds },
      },
    },
  });
  const router = Router();
  router.use((req, _res, next) => {
    // Other sites can make a browser send requests with the key, so only reading methods are allowed.
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
          // The page has inline styles and inline images.
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
