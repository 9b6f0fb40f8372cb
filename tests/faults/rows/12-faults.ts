import type { Answer } from '#support/upstream.ts';
import { sendError } from '#support/upstream.ts';
import type { Service } from '#support/processes.ts';
import type { TcpProxy } from '#support/tcp-proxy.ts';
import { signal, type Environment } from '../environment/environment.ts';
import type { Random } from '../random.ts';
import { sleep } from '../wait.ts';

const stubWorker = 'tests/faults/workers/stub-worker.ts';

/** Workers that faults may happen to, started again when they die. */
export class Crew {
  private readonly environment: Environment;
  private readonly members: Service[] = [];
  private isStopped = false;
  private readonly starting = new Set<Promise<void>>();

  private constructor(environment: Environment) {
    this.environment = environment;
  }

  static async start(environment: Environment, count: number): Promise<Crew> {
    const crew = new Crew(environment);
    for (let n = 0; n < count; n += 1) await crew.hire();
    return crew;
  }

  /** Sends a signal to one of them. @returns its pid, or `null` when nobody is there just now */
  signalOne(random: Random, name: NodeJS.Signals): number | null {
    if (this.members.length === 0) return null;
    const { pid } = random.pick(this.members);
    signal(pid, name);
    return pid;
  }

  /** From here on nobody is started again; those that live go on. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.starting);
  }

  private async hire(): Promise<void> {
    const member = await this.environment.worker({}, stubWorker);
    this.members.push(member);
    void this.replace(member);
  }

  private async replace(member: Service): Promise<void> {
    await member.exited;
    this.members.splice(this.members.indexOf(member), 1);
    if (this.isStopped) return;
    const hiring = this.hire();
    this.starting.add(hiring);
    await hiring;
    this.starting.delete(hiring);
  }
}

/** What the upstream answers: what the current fault has set. */
export function upstreamAnswers(random: Random) {
  let mood: 'well' | 'die' | 'block' | '429' | '500' | 'reset' = 'well';
  let left = 0;
  const answer: Answer = async (_call, res) => {
    await sleep(random.between(20, 200));
    if (left > 0) {
      left -= 1;
      if (mood === 'die') return 'die';
      if (mood === 'block') return 'block 35000';
      if (mood === '500') return sendError(res, 500, null);
      if (mood === 'reset') return void res.socket?.resetAndDestroy();
      if (mood === '429') {
        res.setHeader('retry-after', '2');
        return sendError(res, 429, 'rate_limit_exceeded');
      }
    }
    return 'done';
  };
  return {
    answer,
    /** Sets the answer of the next `calls` calls. */
    next: (what: typeof mood, calls: number) => {
      mood = what;
      left = calls;
    },
  };
}

interface Scene {
  environment: Environment;
  proxy: TcpProxy;
  crew: Crew;
  random: Random;
  answers: ReturnType<typeof upstreamAnswers>;
}

export const faultKinds: readonly { name: string; happen(scene: Scene): Promise<void> }[] = [
  {
    name: 'redis_killed',
    happen: async ({ environment, random }) => {
      await environment.server.kill();
      await sleep(random.between(300, 3_000));
      await environment.server.restart();
    },
  },
  {
    name: 'redis_cut_off',
    happen: async ({ proxy, random }) => {
      await proxy.down();
      await sleep(random.between(2_000, 20_000));
      await proxy.up();
    },
  },
  {
    name: 'redis_silent',
    happen: async ({ proxy, random }) => {
      proxy.swallow();
      await sleep(random.between(2_000, 20_000));
      await proxy.up();
    },
  },
  {
    name: 'worker_stopped',
    happen: async ({ crew, random }) => {
      const pid = crew.signalOne(random, 'SIGSTOP');
      await sleep(45_000);
      if (pid !== null) signal(pid, 'SIGCONT');
    },
  },
  {
    name: 'worker_killed',
    happen: async ({ crew, random }) => void crew.signalOne(random, 'SIGKILL'),
  },
  { name: 'poison', happen: async ({ answers }) => answers.next('die', 2) },
  { name: 'loop_blocked', happen: async ({ answers }) => answers.next('block', 2) },
  ...(['429', '500', 'reset'] as const).map((what) => ({
    name: `upstream_${what}`,
    happen: async ({ answers, random }: Scene) => answers.next(what, random.between(20, 100)),
  })),
];
