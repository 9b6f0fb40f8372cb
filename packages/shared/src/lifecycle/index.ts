export { run, type Runner, type Undo } from './runner.ts';
