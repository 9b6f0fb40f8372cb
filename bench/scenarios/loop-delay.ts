import { alternate } from '../harness/rounds.ts';
import { runLoad } from '../harness/run-load.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { diy, promptq } from '../harness/subject.ts';
import { below, toRow } from '../report/row.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

const submitters = 50;
const loadFraction = 0.7;

interface Delays {
  apiMs: number;
  workerMs: number;
}

/** The event-loop delay of a service at 70 % of its full load. */
export const loopDelay: Scenario = {
  names: ['loop-delay'],
  seconds: 40,
  measure: async (context) => {
    const { environment } = context;
    const subjects = {
      promptq: await prepare(context, await startStack(environment, promptq())),
      diy: await prepare(context, await startStack(environment, diy)),
    };
    const results = await alternate(
      { promptq: subjects.promptq.measure, diy: subjects.diy.measure },
      context,
    );
    const note = `p99 at ${subjects.promptq.perSecond} jobs/s; DIY at ${subjects.diy.perSecond}`;
    return [
      toRow({
        name: 'loop-delay-api',
        unit: 'ms',
        ours: results.promptq.map(({ apiMs }) => apiMs),
        diy: results.diy.map(({ apiMs }) => apiMs),
        target: below(50, 'ms'),
        note,
      }),
      toRow({
        name: 'loop-delay-worker',
        unit: 'ms',
        ours: results.promptq.map(({ workerMs }) => workerMs),
        diy: results.diy.map(({ workerMs }) => workerMs),
        target: below(50, 'ms'),
        note,
      }),
    ];
  },
};

/** Measures the full load of the subject, and returns a measurement at 70 % of it. */
async function prepare({ environment, sizes }: ScenarioContext, stack: Stack) {
  await runLoad(environment, stack, sizes.warmUpJobs);
  const full = await runLoad(environment, stack, sizes.jobs);
  const perSecond = Math.round(full.perSecond * loadFraction);
  const jobs = Math.ceil(perSecond * sizes.loadSeconds);
  return {
    perSecond,
    measure: async (): Promise<Delays> => {
      const services = [stack.api, ...stack.workers];
      await Promise.all(services.map((service) => service.watch()));
      const finished = stack.waitUntilFinished(jobs);
      await Promise.all([stack.submit({ jobs, submitters, perSecond }), finished]);
      const [api, ...workers] = await Promise.all(services.map((service) => service.usage()));
      await stack.clear();
      return {
        apiMs: api?.loopDelayP99Ms ?? 0,
        workerMs: Math.max(...workers.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
      };
    },
  };
}
