import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/typings/app';
import { Router, static as serveFiles, type RequestHandler } from 'express';
import { Problem } from '../problems/problem.ts';
import { boardPage } from './board-page.ts';

/**
 * Serves the reading routes of the library. The library's own server also reads bodies, mounts the writing routes and
 * shows the texts of errors. Here, errors are handled like all others of the API.
 */
export class BoardServer implements IServerAdapter {
  readonly router: Router = Router();
  readonly #basePath: string;
  #queues: BullBoardQueues = new Map();
  #config: UIConfig = {};
  #directory = '';

  /** @param basePath where the router is mounted, as browsers see it */
  constructor(basePath: string) {
    this.#basePath = basePath;
  }

  setQueues(queues: BullBoardQueues): this {
    this.#queues = queues;
    return this;
  }
  setUIConfig(config: UIConfig): this {
    this.#config = config;
    return this;
  }
  setViewsPath(directory: string): this {
    this.#directory = directory;
    return this;
  }
  setErrorHandler(): this {
    return this;
  }
  setStaticPath(route: string, directory: string): this {
    this.router.use(route, serveFiles(directory, { index: false, redirect: false, maxAge: '1h' }));
    return this;
  }
  setEntryRoute(entry: AppViewRoute): this {
    const { params } = entry.handler({ basePath: this.#basePath, uiConfig: this.#config });
    const page = boardPage(this.#directory, params);
    this.router.get(entry.route, (_req, res) => {
      res.set('Cache-Control', 'no-store').type('html').send(page);
    });
    return this;
  }
  setApiRoutes(routes: AppControllerRoute[]): this {
    // Jobs of promptq have no children. The library would look for them over its own connection.
    this.router.get('/api/queues/:queueName/:jobId/flow', (req, res) => {
      const { jobId } = req.params;
      res.set('Cache-Control', 'no-store');
      res.json({ nodeId: jobId, isFlowNode: false, flowRoot: null });
    });
    for (const one of routes) {
      if (one.method === 'get') this.router.get(one.route, this.#answerWith(one));
    }
    return this;
  }

  #answerWith(route: AppControllerRoute): RequestHandler {
    return async (req, res) => {
      const request = {
        queues: this.#queues,
        uiConfig: this.#config,
        query: { ...req.query },
        params: req.params,
        body: {},
        headers: {}, // The request's headers contain the caller's key.
      };
      const { status = 200, body } = await decoding(async () => route.handler(request));
      res.status(status).set('Cache-Control', 'no-store').json(body);
    };
  }
}

/** The library decodes the query a second time, which can fail. */
async function decoding<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answer();
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new Problem('invalid_request', 'The query could not be read.', { cause });
  }
}
